import { fileURLToPath } from "node:url";
import { loadPackageDefinition } from "@grpc/grpc-js";
import { loadSync, type MessageTypeDefinition } from "@grpc/proto-loader";
import type { ProtoGrpcType } from "./generated/kedge.ts";

const protoPath = fileURLToPath(new URL("../../../proto/kedge/v1/kedge.proto", import.meta.url));

// 64-bit fields come as Long objects (low and high word), which the codec turns into bigint or number: a string or a double
// would be slower or lose bits.
const packageDefinition = loadSync(protoPath, { defaults: true, oneofs: true });

const grpcPackage = loadPackageDefinition(packageDefinition) as unknown as ProtoGrpcType;

/** The service of proto/kedge/v1/kedge.proto: a client constructor, with the definition for servers as `.service`. */
export const Kedge = grpcPackage.kedge.v1.Kedge;

/** A field of a message as protoc's DescriptorProto describes it, as far as the codec asks. */
export interface FieldDescriptor {
  readonly name: string;
  readonly label: string;
  readonly type: string;
  readonly typeName: string;
}

/** The fields of a message of package kedge.v1. */
export function fieldsOfMessage(message: string): readonly FieldDescriptor[] {
  const definition = packageDefinition[`kedge.v1.${message}`] as MessageTypeDefinition<object, object> | undefined;
  if (definition === undefined) throw new Error(`proto/kedge/v1/kedge.proto has no message ${message}`);
  return (definition.type as { field: FieldDescriptor[] }).field;
}
