// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for.
const controlCharacters = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/**
 * Text that came from elsewhere (a peer, a file name, an error) made fit for one line of a terminal or log: line breaks and
 * escape sequences become visible escapes.
 */
export function printable(text: string): string {
  return text.replace(controlCharacters, (character) => {
    if (character === "\n") return "\\n";
    if (character === "\t") return "\\t";
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}
