using System.Text.Json;

namespace Petrel.ApiServer.Kinds;

/// <summary>One table column (meta/v1 TableColumnDefinition).</summary>
/// <param name="Name">Heading, for example <c>Ready</c>.</param>
/// <param name="Type"><c>string</c>, <c>integer</c>, <c>number</c>, <c>boolean</c> or <c>date</c>.</param>
/// <param name="Format">OpenAPI format, or empty; <c>name</c> marks the primary identifier.</param>
/// <param name="Description">Shown by clients as help.</param>
/// <param name="Priority">0 always shown; above 0 only with <c>-o wide</c>.</param>
/// <param name="Value">The cell of an object at a time: a string, a number, a bool, or null. Ages are text such as <c>5m</c>.</param>
public sealed record PrinterColumn(
    string Name,
    string Type,
    string Format,
    string Description,
    int Priority,
    Func<JsonElement, DateTimeOffset, object?> Value
)
{
    /// <summary>What kinds without columns of their own show.</summary>
    public static IReadOnlyList<PrinterColumn> NameAndAge { get; } =
    [
        new("Name", "string", "name", "The object's name, unique in its namespace.", 0, static (value, _) =>
            value.GetProperty("metadata").GetProperty("name").GetString()
        ),
        new("Created At", "date", "", "When the object was created.", 0, static (value, _) =>
            value.GetProperty("metadata").TryGetProperty("creationTimestamp", out var at) ? at.GetString() : null
        ),
    ];
}
