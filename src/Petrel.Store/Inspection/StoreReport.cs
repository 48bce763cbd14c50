namespace Petrel.Store.Inspection;

/// <summary>What a store's file holds, and what is damaged in it.</summary>
public sealed record StoreReport
{
    /// <summary>The path of the file.</summary>
    public required string Path { get; init; }

    /// <summary>The format of the file; 0 when it can't be read. Files of format 1 have no checksums.</summary>
    public int Format { get; init; }

    /// <summary>The newest whole revision.</summary>
    public long Revision { get; init; }

    /// <summary>The newest revision that was acknowledged to a client; null when nothing says so.</summary>
    public long? AcknowledgedRevision { get; init; }

    /// <summary>The compacted revision.</summary>
    public long CompactedRevision { get; init; }

    /// <summary>How many changes were read.</summary>
    public long Changes { get; init; }

    /// <summary>How many keys have a value.</summary>
    public int Keys { get; init; }

    /// <summary>A sentence for each damage.</summary>
    public IReadOnlyList<string> Damages { get; init; } = [];

    /// <summary>Whether there is no damage.</summary>
    public bool IsIntact => Damages.Count == 0;
}
