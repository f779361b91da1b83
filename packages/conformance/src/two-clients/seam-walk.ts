import {
  CallContext,
  type Entry,
  type FileSystem,
  FsError,
  isDirectory,
  isSymlink,
  type Name,
  type NodeId,
} from "@kedgefs/core";
import { type CallerName, callers } from "./script.ts";

/** A name in a directory. */
export interface Place {
  readonly parent: NodeId;
  readonly name: Name;
}

const searchPermission = 1;

/** Walks the paths of one call as the kernel does (path_resolution(7)), for symbolic links that all lead nowhere. */
export class SeamWalk {
  readonly context: CallContext;
  readonly #fs: FileSystem;
  readonly #top: NodeId;

  constructor(fs: FileSystem, top: NodeId, as: CallerName) {
    this.#fs = fs;
    this.#top = top;
    this.context = new CallContext({ ...callers[as], pid: 0 });
  }

  async place(path: string): Promise<Place> {
    const names = path.split("/");
    let parent = this.#top;
    for (const name of names.slice(0, -1)) {
      const { node, attr } = await this.#lookup(parent, name);
      if (isSymlink(attr.mode)) throw new FsError("ENOENT");
      if (!isDirectory(attr.mode)) throw new FsError("ENOTDIR");
      parent = node;
    }
    return { parent, name: Buffer.from(names.at(-1) ?? "") };
  }

  /** Both, the directory of the first being searched before the second is walked. */
  async places(path: string, newPath: string): Promise<readonly [Place, Place]> {
    const from = await this.place(path);
    try {
      return [from, await this.place(newPath)];
    } catch (error) {
      await this.#fs.access({ node: from.parent, mask: searchPermission }, this.context);
      throw error;
    }
  }

  async entry(path: string): Promise<Entry> {
    if (path === "") return { node: this.#top, ...(await this.#fs.getattr({ node: this.#top }, this.context)) };
    return await this.#fs.lookup(await this.place(path), this.context);
  }

  async entryIfThere(place: Place): Promise<Entry | undefined> {
    try {
      return await this.#fs.lookup(place, this.context);
    } catch (error) {
      if (error instanceof FsError && error.code === "ENOENT") return undefined;
      throw error;
    }
  }

  /** What a path leads to where a symbolic link is followed: nowhere. */
  async followed(path: string): Promise<NodeId> {
    const { node, attr } = await this.entry(path);
    if (isSymlink(attr.mode)) throw new FsError("ENOENT");
    return node;
  }

  #lookup(parent: NodeId, name: string): Promise<Entry> {
    return this.#fs.lookup({ parent, name: Buffer.from(name) }, this.context);
  }
}
