using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tables;

/// <summary>What a table's rows carry besides their cells (<c>?includeObject=</c>).</summary>
public enum IncludeObject
{
    /// <summary>The object's metadata, as a PartialObjectMetadata.</summary>
    Metadata,

    /// <summary>The whole object.</summary>
    Object,

    None,
}

/// <summary>How a table is written.</summary>
public sealed record TableOptions
{
    /// <summary>The list's revision, or that of the only object.</summary>
    public string ResourceVersion { get; init; } = "";

    /// <summary>Where a list that was cut goes on.</summary>
    public string Continue { get; init; } = "";

    public long? RemainingItemCount { get; init; }

    public IncludeObject IncludeObject { get; init; }

    /// <summary>Whether the columns are described; in a watch only the first event does.</summary>
    public bool WithColumns { get; init; } = true;

    /// <summary>The time that ages are counted to.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>Reads <c>?includeObject=</c>; null when it is not one of the three.</summary>
    public static IncludeObject? ReadIncludeObject(string? text) =>
        text switch
        {
            null or "" or "Metadata" => Tables.IncludeObject.Metadata,
            "Object" => Tables.IncludeObject.Object,
            "None" => Tables.IncludeObject.None,
            _ => null,
        };
}
