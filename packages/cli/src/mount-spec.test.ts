import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMountSpec } from "./mount-spec.ts";
import { UsageError } from "./usage-error.ts";

const good: readonly (readonly [text: string, host: string, port: number, exportName: string, portOption?: string])[] =
  [
    ["nas/docs", "nas", 7440, "docs"],
    ["nas.example.org:7441/docs", "nas.example.org", 7441, "docs"],
    ["nas:/docs", "nas", 7440, "docs"],
    ["nas:/docs", "nas", 7441, "docs", "7441"],
    ["nas/docs", "nas", 7441, "docs", "7441"],
    ["nas:7441/docs", "nas", 7441, "docs", "7441"],
    ["192.0.2.7/docs", "192.0.2.7", 7440, "docs"],
    ["[::1]/docs", "::1", 7440, "docs"],
    ["[2001:db8::7]:7441/docs", "2001:db8::7", 7441, "docs"],
    ["[::1]:/docs", "::1", 7440, "docs"],
    ["[fe80::1%eth0]/docs", "fe80::1%eth0", 7440, "docs"],
    ["bücher.example/Räder-2.0_a", "bücher.example", 7440, "Räder-2.0_a"],
  ];

for (const [text, host, port, exportName, portOption] of good) {
  test(`${text}${portOption === undefined ? "" : ` with port=${portOption}`} is read`, () => {
    assert.deepEqual(parseMountSpec(text, portOption), { host, port, exportName });
  });
}

const bad: readonly (readonly [text: string, message: RegExp, hint?: RegExp | undefined, portOption?: string])[] = [
  ["", /the export is missing/],
  ["nas", /the export is missing/, /HOST\/EXPORT/],
  ["nas/", /the export is missing/],
  ["nas:docs", /"docs" is not a port/, /Did you mean nas:\/docs\?/],
  ["/docs", /the host is missing/],
  [":7440/docs", /the host is missing/],
  ["nas:/srv/docs", /one name, not a path/],
  ["nas/docs/", /one name, not a path/],
  ["nas:0/docs", /port 0/],
  ["nas:70000/docs", /"70000" is not a port/],
  ["nas:-1/docs", /"-1" is not a port/],
  ["nas:7x/docs", /"7x" is not a port/],
  ["nas:1:2/docs", /more than one colon/],
  ["::1/docs", /needs brackets/, /\[::1\]/],
  ["[nas]/docs", /"nas" is not an IPv6 address/],
  ["[::1]7440/docs", /after the bracketed address/],
  ["[::1/docs", /after the bracketed address/],
  ["na s/docs", /"na s" is not a host name/],
  ["nas/-docs", /not a name for an export/],
  ["nas/do,cs", /not a name for an export/],
  [`nas/${"x".repeat(129)}`, /at most 128 bytes/],
  ["nas:7441/docs", /names port 7441, and -o port=7442/, undefined, "7442"],
  ["nas:/docs", /"x" is not a port/, undefined, "x"],
];

for (const [text, message, hint, portOption] of bad) {
  test(`"${text.slice(0, 40)}" is refused: ${message.source}`, () => {
    assert.throws(
      () => parseMountSpec(text, portOption),
      (error) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, message);
        if (hint) assert.match(error.hint ?? "", hint);
        return true;
      },
    );
  });
}
