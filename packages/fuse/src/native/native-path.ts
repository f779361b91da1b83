import { FsError, type Name } from "@kedgefs/core";

/**
 * The components of a path as libfuse gives it: absolute, without "." and "..", "/" for the root.
 *
 * The binding turns a path into a string and puts U+FFFD for every byte that is not UTF-8. Which bytes those were is lost, and a
 * file whose name has a true U+FFFD could be taken for another, so a path with U+FFFD is refused: EILSEQ.
 */
export function namesFromPath(path: string): readonly Name[] {
  return path
    .split("/")
    .filter((component) => component !== "")
    .map(nameFromText);
}

/** One name, or the target of a symbolic link, as bytes. EILSEQ as for a path. */
export function nameFromText(text: string): Name {
  if (text.includes(replacement)) throw notUtf8();
  return Buffer.from(text, "utf8");
}

/** The bytes as the string that the binding will turn into the same bytes, or undefined where there is none. */
export function textFromBytes(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  return text.includes(replacement) ? undefined : text;
}

/** How bytes that are not UTF-8 are shown: they are seen in a listing, and can be neither opened nor removed. */
export function shownTextFromBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

export function notUtf8(): FsError {
  return new FsError("EILSEQ", "fuse-native can only carry names that are valid UTF-8");
}

const replacement = "\uFFFD";
