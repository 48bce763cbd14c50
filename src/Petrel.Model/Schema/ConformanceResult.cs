using System.Text.Json.Nodes;

namespace Petrel.Model.Schema;

/// <summary>
/// A document in the form that its schema defines. <see cref="UnknownFields"/> has upstream's messages (<c>unknown field "spec.foo"</c>).
/// <see cref="TypeErrors"/> name the field and the expected type. A document with type errors is unusable.
/// </summary>
public sealed record ConformanceResult(JsonObject Document, IReadOnlyList<string> UnknownFields, IReadOnlyList<string> TypeErrors);
