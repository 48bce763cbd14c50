namespace Petrel.Scheduler.Cycle;

/// <summary>
/// The scores of all feasible nodes of one attempt, by plugin, as far as they cannot be computed again for a single node. Its arrays are
/// reused.
/// </summary>
internal sealed class ScoreSheet
{
    private readonly List<(long[] Raw, long[] Scores)> _rows = [];
    private readonly List<int> _best = [];
    private int _used;

    public void Clear() => _used = 0;

    /// <summary>Starts the row of the next plugin with its raw scores.</summary>
    public void KeepRaw(ReadOnlySpan<long> raw)
    {
        if (_used == _rows.Count)
        {
            _rows.Add((new long[raw.Length], new long[raw.Length]));
        }
        else if (_rows[_used].Raw.Length < raw.Length)
        {
            _rows[_used] = (new long[raw.Length], new long[raw.Length]);
        }
        raw.CopyTo(_rows[_used].Raw);
        _used++;
    }

    /// <summary>Completes the row with the normalized scores.</summary>
    public void KeepScores(ReadOnlySpan<long> scores) => scores.CopyTo(_rows[_used - 1].Scores);

    public ReadOnlySpan<long> Raw(int row) => _rows[row].Raw;

    public ReadOnlySpan<long> Scores(int row) => _rows[row].Scores;

    /// <summary>The indexes of the highest totals, the highest first; among equals, the first.</summary>
    public IReadOnlyList<int> Best(ReadOnlySpan<long> totals, int count)
    {
        _best.Clear();
        for (var i = 0; i < totals.Length && count > 0; i++)
        {
            if (_best.Count == count && totals[i] <= totals[_best[^1]])
            {
                continue;
            }
            var at = _best.Count;
            while (at > 0 && totals[_best[at - 1]] < totals[i])
            {
                at--;
            }
            if (_best.Count == count)
            {
                _best.RemoveAt(count - 1);
            }
            _best.Insert(at, i);
        }
        return _best;
    }
}
