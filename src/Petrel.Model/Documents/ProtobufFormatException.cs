namespace Petrel.Model.Documents;

/// <summary>A body that is not a well-formed Kubernetes protobuf message.</summary>
public sealed class ProtobufFormatException(string message) : FormatException(message);
