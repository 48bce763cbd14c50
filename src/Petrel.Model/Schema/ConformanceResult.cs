using System.Text.Json.Nodes;

namespace Petrel.Model.Schema;

/// <summary>
/// A document as its schema has it. <see cref="UnknownFields"/> are in upstream's words (<c>unknown field "spec.foo"</c>);
/// <see cref="TypeErrors"/> name the field and what was expected, and make the document unusable.
/// </summary>
public sealed record ConformanceResult(JsonObject Document, IReadOnlyList<string> UnknownFields, IReadOnlyList<string> TypeErrors);
