import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultMountOptions, mayTellNames, parseMountOptions } from "./options.ts";

test("no options are the defaults: no caches that could lie, no set-uid programs, no devices", () => {
  assert.deepEqual(parseMountOptions(""), { mount: defaultMountOptions, rest: {} });
  assert.deepEqual(parseMountOptions([]), { mount: defaultMountOptions, rest: {} });
  const { entryTimeoutSec, attrTimeoutSec, nosuid, nodev, directIo } = defaultMountOptions;
  assert.deepEqual([entryTimeoutSec, attrTimeoutSec, nosuid, nodev, directIo], [0, 0, true, true, false]);
});

test("words switch on and off, and the last of several counts", () => {
  const { mount } = parseMountOptions(["allow_other,ro,suid", "dev,noexec,noatime,direct_io,rw"]);
  assert.equal(mount.allowOther, true);
  assert.equal(mount.readOnly, false);
  assert.deepEqual([mount.nosuid, mount.nodev, mount.noexec, mount.noatime], [false, false, true, true]);
  assert.equal(mount.directIo, true);
  assert.equal(parseMountOptions("allow_other,noallow_other").mount.allowOther, false);
});

test("numbers have their units", () => {
  const { mount } = parseMountOptions("entry_timeout=1.5,attr_timeout=3,max_read=131072,max_write=64k,readahead=8M");
  assert.deepEqual([mount.entryTimeoutSec, mount.attrTimeoutSec], [1.5, 3]);
  assert.deepEqual([mount.maxReadBytes, mount.maxWriteBytes, mount.readaheadBytes], [131072, 65536, 8 << 20]);
});

test("unknown words are the caller's, with a comma in a value where it is escaped", () => {
  const { mount, rest } = parseMountOptions("port=7440,_netdev,,name=a\\,b=c,constructor,__proto__=x");
  assert.deepEqual(mount, defaultMountOptions);
  assert.deepEqual(Object.entries(rest), [
    ["port", "7440"],
    ["_netdev", true],
    ["name", "a,b=c"],
    ["constructor", true],
    ["__proto__", "x"],
  ]);
});

test("values that are none are refused with the word that is wrong", () => {
  for (const text of ["attr_timeout=soon", "attr_timeout=-1", "attr_timeout=", "max_read=1", "max_write=2M"]) {
    assert.throws(() => parseMountOptions(text), { name: "UserError", message: new RegExp(text.split("=")[0] ?? "") });
  }
  assert.throws(() => parseMountOptions("attr_timeout"), { name: "UserError" });
  assert.throws(() => parseMountOptions("ro=1"), { name: "UserError" });
});

test("the kernel may know names where it checks permission, or only one user can ask", () => {
  const told = (text: string): boolean => mayTellNames(parseMountOptions(text).mount);
  assert.deepEqual(
    [told("allow_other,default_permissions"), told("default_permissions"), told("")],
    [true, true, true],
  );
  assert.equal(told("noallow_other,nodefault_permissions"), true);
  assert.equal(told("allow_other"), false);
  assert.equal(told("allow_other,nodefault_permissions"), false);
});
