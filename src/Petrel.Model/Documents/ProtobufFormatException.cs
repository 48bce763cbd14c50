namespace Petrel.Model.Documents;

/// <summary>The body is not a well-formed Kubernetes protobuf message.</summary>
public sealed class ProtobufFormatException(string message) : FormatException(message);
