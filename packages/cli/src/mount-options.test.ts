import assert from "node:assert/strict";
import { test } from "node:test";
import { knownOptions, parseMountOptionsText } from "./mount-options.ts";
import { UsageError } from "./usage-error.ts";

const example: Readonly<Record<string, string>> = { N: "7441", S: "1.5", BYTES: "64k" };

test("every option that the help names is taken", async () => {
  assert.equal(knownOptions.length, 21, knownOptions.join());
  for (const option of knownOptions) {
    assert.match(option, /^[a-z_]+(=[A-Z]+)?$/);
    const [word, placeholder] = option.split("=");
    const text = placeholder === undefined ? option : `${word}=${example[placeholder]}`;
    await parseMountOptionsText(text, "kernel");
  }
});

test("options reach the mount, and the port the command", async () => {
  const { mount, port } = await parseMountOptionsText("ro,attr_timeout=2,port=7441,noallow_other", "kernel");
  assert.deepEqual([mount.readOnly, mount.attrTimeoutSec, mount.allowOther, port], [true, 2, false, "7441"]);
});

test("an unknown option is named, with those that there are", async () => {
  await assert.rejects(parseMountOptionsText("ro,atr_timeout=1", "kernel"), (error) => {
    assert.ok(error instanceof UsageError);
    assert.match(error.message, /"atr_timeout"/);
    assert.match(error.hint ?? "", /attr_timeout=S/);
    return true;
  });
  await assert.rejects(parseMountOptionsText("port", "kernel"), /port needs a value/);
});

test("a bad value is an error of the command line", async () => {
  await assert.rejects(parseMountOptionsText("attr_timeout=soon", "kernel"), { name: "UsageError", message: /soon/ });
});

test("an option that only the other driver has is refused", async () => {
  await assert.rejects(parseMountOptionsText("noexec", "fuse-native"), /does not know the mount option noexec/);
  await assert.rejects(parseMountOptionsText("readahead=0", "fuse-native"), /does not know the mount option readahead/);
  await parseMountOptionsText("ro,nosuid,attr_timeout=1,allow_other", "fuse-native");
});
