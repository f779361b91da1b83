import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";

/** Longest record, bytes. A longer length in a file is damage. */
const recordBytesMax = 1 << 20;
const headerBytes = 8;

/**
 * A file of JSON records, appended with one write(2) each time, so that they are there whole once append returns, also if the
 * process is killed right after. (A crash of the host may lose the last ones: nothing here is synced but a rewrite.)
 *
 * Layout of a record: length (u32 LE), CRC-32 of the payload (u32 LE), payload (UTF-8 JSON).
 */
export class RecordLog<Item> {
  readonly #path: string;
  #fd: number;
  #bytes: number;

  private constructor(path: string, fd: number, bytes: number) {
    this.#path = path;
    this.#fd = fd;
    this.#bytes = bytes;
  }

  /** Opens the log and reads what is in it. A torn tail (from a crash in mid-write) is cut off. */
  static open<Item>(path: string): { log: RecordLog<Item>; records: Item[]; tornBytes: number } {
    rmSync(`${path}.new`, { force: true });
    const fd = openSync(path, "a+", 0o600);
    const { records, validBytes, totalBytes } = parse<Item>(readFileSync(fd));
    if (validBytes < totalBytes) ftruncateSync(fd, validBytes);
    return { log: new RecordLog<Item>(path, fd, validBytes), records, tornBytes: totalBytes - validBytes };
  }

  get bytes(): number {
    return this.#bytes;
  }

  append(items: readonly Item[]): void {
    const records = Buffer.concat(items.map(encode));
    try {
      writeAll(this.#fd, records);
    } catch (error) {
      // Half a record would hide all that follow it.
      ftruncateSync(this.#fd, this.#bytes);
      throw error;
    }
    this.#bytes += records.length;
  }

  /** Replaces the whole content, atomically. If it can't (a full disk), the log stays as it was. */
  rewrite(items: Iterable<Item>): void {
    const fresh = `${this.#path}.new`;
    rmSync(fresh, { force: true });
    const fd = openSync(fresh, "ax+", 0o600);
    let bytes = 0;
    try {
      for (const item of items) {
        const record = encode(item);
        writeAll(fd, record);
        bytes += record.length;
      }
      fsyncSync(fd);
      renameSync(fresh, this.#path);
    } catch (error) {
      closeSync(fd);
      rmSync(fresh, { force: true });
      throw error;
    }
    closeSync(this.#fd);
    this.#fd = fd;
    this.#bytes = bytes;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function encode(item: unknown): Buffer {
  const text = JSON.stringify(item);
  const length = Buffer.byteLength(text);
  const record = Buffer.allocUnsafe(headerBytes + length);
  record.write(text, headerBytes);
  record.writeUInt32LE(length, 0);
  record.writeUInt32LE(crc32(record.subarray(headerBytes)), 4);
  return record;
}

function writeAll(fd: number, record: Buffer): void {
  let done = 0;
  while (done < record.length) done += writeSync(fd, record, done);
}

function parse<Item>(content: Buffer): { records: Item[]; validBytes: number; totalBytes: number } {
  const records: Item[] = [];
  let at = 0;
  while (at + headerBytes <= content.length) {
    const length = content.readUInt32LE(at);
    const end = at + headerBytes + length;
    if (length > recordBytesMax || end > content.length) break;
    const payload = content.subarray(at + headerBytes, end);
    if (crc32(payload) !== content.readUInt32LE(at + 4)) break;
    records.push(JSON.parse(payload.toString()) as Item);
    at = end;
  }
  return { records, validBytes: at, totalBytes: content.length };
}
