using System.Text.Json.Serialization;
using Migration.Node.Machines;
using Migration.Node.Migrations;
using Migration.Node.Networks;
using Migration.Node.Networks.Delegates;

namespace Migration.Node.State;

/// <summary>The records on disk. New fields have defaults, so that a newer node reads an older one's files.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(MachineRecord))]
[JsonSerializable(typeof(Attachment))]
[JsonSerializable(typeof(DelegateRecord))]
[JsonSerializable(typeof(OutgoingRecord))]
[JsonSerializable(typeof(IncomingRecord))]
internal sealed partial class NodeJson : JsonSerializerContext;
