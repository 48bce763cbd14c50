namespace Petrel.Model.Documents;

/// <summary>Bytes that are not the JSON object they should be.</summary>
public sealed class DocumentFormatException(string message) : FormatException(message);
