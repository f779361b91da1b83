import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { UserError } from "@kedgefs/core";
import { defaultMountOptions, type MountOptions } from "../mount/options.ts";
import { optionText } from "./fuse-native-options.ts";

const mountOptions: MountOptions = { ...defaultMountOptions, readOnly: true, attrTimeoutSec: 2.5 };
const subtype = "kedge";

describe("the options for libfuse 2", () => {
  it("carry zero timeouts, which are not libfuse's default", () => {
    const options = optionText({ source: "host:/export", subtype, mountOptions, asRoot: true }).split(",");
    for (const option of [
      "-ofsname=host:/export",
      "direct_io",
      "use_ino",
      "entry_timeout=0",
      "attr_timeout=2.5",
      "negative_timeout=0",
      "subtype=kedge",
      "allow_other",
      "default_permissions",
      "ro",
      "nonempty",
    ]) {
      assert.ok(options.includes(option), option);
    }
  });

  it("keep a comma in the source from becoming an option", () => {
    const text = optionText({ source: "a,suid\\b", subtype, mountOptions, asRoot: false });
    assert.ok(text.startsWith("-ofsname=a\\,suid\\\\b,"));
    assert.ok(!text.includes("nonempty"));
  });

  it("let others in, with their permissions checked, when root mounts", () => {
    const words = optionText({ source: "x", subtype, mountOptions, asRoot: true }).split(",");
    assert.ok(words.includes("allow_other") && words.includes("default_permissions"));
    const ofUser = optionText({ source: "x", subtype, mountOptions, asRoot: false }).split(",");
    assert.ok(!ofUser.includes("allow_other") && !ofUser.includes("default_permissions"));
    const shared = { ...mountOptions, allowOther: true };
    const ofSharingUser = optionText({ source: "x", subtype, mountOptions: shared, asRoot: false }).split(",");
    assert.ok(ofSharingUser.includes("default_permissions"));
  });

  it("ask for no more data in a request than libfuse 2 has room for", () => {
    const text = optionText({
      source: "x",
      subtype,
      mountOptions: { ...mountOptions, maxReadBytes: 4096 },
      asRoot: true,
    });
    assert.match(text, /,max_read=4096,max_write=131072,/);
  });

  it("are refused where everybody would act as the user that mounted, unchecked", () => {
    const open = { ...mountOptions, allowOther: true, defaultPermissions: false };
    assert.throws(() => optionText({ source: "x", subtype, mountOptions: open, asRoot: true }), UserError);
  });

  it("are refused past what the addon's buffer holds", () => {
    const source = "x".repeat(1000);
    assert.throws(() => optionText({ source, subtype, mountOptions, asRoot: true }), UserError);
  });
});
