using System.Text;
using Petrel.Store.Versions;

namespace Petrel.Store.Sqlite.Integrity;

/// <summary>
/// Verifies the rows of a store's file in their order: each row's digest, the chain of the history, the count and the sum of older rows,
/// and at the end what the anchor says was acknowledged.
/// </summary>
/// <param name="start">What the file says about itself.</param>
/// <param name="damaged">Gets a sentence for each damage.</param>
internal sealed class HistoryVerifier(HistoryBase start, Action<string> damaged)
{
    private readonly RowDigest _digest = new();
    private long _markedRows;
    private long _markedSum;
    private (long Revision, long Chain) _at = (start.Compacted, start.Chain);
    private RowId _expected = new(start.Compacted + 1, 0);
    private AnchorState? _anchor;
    private long? _chainAtAnchor;

    /// <summary>The end of what has been read.</summary>
    public HistoryTail Tail { get; private set; } = new(0, start.Chain, 0, 0);

    /// <summary>The newest whole revision so far.</summary>
    public long Revision => _at.Revision;

    /// <summary>How many rows do not match their checksums.</summary>
    public int BadRows { get; private set; }

    /// <summary>What the anchor says, before the first row.</summary>
    public void Expect(AnchorState? anchor) => (_anchor, _chainAtAnchor) = (anchor, Known(anchor, _at));

    /// <summary>Verifies the next row. Returns whether it is intact.</summary>
    public bool Row(RowId row, ReadOnlySpan<byte> key, long createRevision, bool isDeletion, ReadOnlySpan<byte> value, RowSeal seal)
    {
        var digest = _digest.Of(row, key, createRevision, isDeletion, value);
        var isIntact = digest == seal.Digest;
        if (!isIntact)
        {
            BadRows++;
            damaged($"the change of {Encoding.UTF8.GetString(key)} in revision {row.Revision} does not match its checksum");
        }
        if (row.Value <= start.Mark)
        {
            _markedRows++;
            _markedSum = unchecked(_markedSum + digest);
        }
        Tail = Tail.Plus(row, digest, row.Revision > start.Compacted ? seal.Chain : start.Chain);
        if (row.Revision > start.Compacted)
        {
            Follow(row, seal);
        }
        return isIntact;
    }

    /// <summary>Verifies what can be known only after the last row.</summary>
    public void End()
    {
        if (_markedRows != start.Rows || (_markedSum != start.Sum && BadRows == 0))
        {
            damaged(
                $"it has {_markedRows} changes up to revision {RowId.From(start.Mark).Revision}, and there were {start.Rows}, or others"
            );
        }
        if (_anchor is not { } anchor)
        {
            return;
        }
        if (anchor.Store != start.Store)
        {
            damaged("its anchor is of another store");
        }
        else if (anchor.Revision > Revision)
        {
            damaged($"its history ends at revision {Revision}, and revision {anchor.Revision} was acknowledged");
        }
        else if (_chainAtAnchor is { } chain && chain != anchor.Chain)
        {
            damaged($"its revision {anchor.Revision} is not the one that was acknowledged");
        }
    }

    private void Follow(RowId row, RowSeal seal)
    {
        var isNext = row.Revision == _at.Revision + 1 && row.Position == 0;
        if (row != _expected && !(isNext && _expected.Position > 0))
        {
            var missing = row.Revision == _expected.Revision || _expected.Position == 0 ? _expected.Revision : _expected.Revision + 1;
            damaged($"revision {missing} is not whole");
        }
        else if (_digest.Chain(_at.Chain, seal.Digest) != seal.Chain)
        {
            damaged($"revision {row.Revision} does not follow revision {row.Revision - 1}");
        }
        _at = (row.Revision, seal.Chain);
        _expected = new(row.Revision, row.Position + 1);
        _chainAtAnchor = Known(_anchor, _at) ?? _chainAtAnchor;
    }

    private static long? Known(AnchorState? anchor, (long Revision, long Chain) at) => anchor?.Revision == at.Revision ? at.Chain : null;
}

/// <summary>The checksums that a row carries.</summary>
internal readonly record struct RowSeal(long Digest, long Chain);
