/** The volume alone: a helper process that makes a few calls has no use for the client's connection and what it loads. */
export * from "@kedgefs/client/volume";
