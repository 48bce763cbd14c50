namespace Petrel.Model.Documents;

/// <summary>The bytes are not the expected JSON object.</summary>
public sealed class DocumentFormatException(string message) : FormatException(message);
