using Petrel.Simulation.Network.Watches;
using Petrel.Store;

namespace Petrel.Simulation.Invariants;

/// <summary>
/// Every watch history is linearisable against the store's revisions: a watch that begins after a revision receives exactly the changes of
/// later ones that concern its selection, in the store's order, without gaps and without duplicates; a bookmark is never ahead of what was
/// received before it, nor of the store; and all who ask for the same form of an event receive the same bytes. Tables are shown as of when
/// they are asked for, so their bytes are not compared. A watch that begins with what is there is judged from its first bookmark on.
/// </summary>
/// <param name="window">How many changes of a kind are remembered: as many as servers keep for watches.</param>
/// <param name="report">Gets the rule and what is wrong.</param>
public sealed class WatchHistoryInvariant(int window, Action<string, string> report) : IWatchObserver
{
    private const string Rule = "watch history";

    private readonly Dictionary<string, KindHistory> _kinds = new(StringComparer.Ordinal); // by store prefix
    private readonly Dictionary<ObservedWatch, Progress> _watches = [];
    private long _revision;

    /// <summary>Events that were judged.</summary>
    public long Judged { get; private set; }

    /// <summary>The store has committed.</summary>
    public void Committed(IReadOnlyList<StoreOperation> operations, long revision)
    {
        _revision = revision;
        foreach (var operation in operations)
        {
            if (PrefixOf(operation.Key) is { Length: > 0 } prefix)
            {
                KindOf(prefix).Add(operation, revision);
            }
        }
    }

    /// <inheritdoc/>
    public void Began(ObservedWatch watch)
    {
        var kind = KindOf(watch.StorePrefix);
        _watches[watch] = new(kind, WatchSelection.Of(watch), watch.After is { } after ? kind.PlaceAfter(after) : null);
    }

    /// <inheritdoc/>
    public void Received(ObservedWatch watch, in ObservedEvent item)
    {
        if (_watches.TryGetValue(watch, out var progress) && Judge(watch, progress, item) is { } problem)
        {
            // Later events of the watch would only repeat the finding.
            _watches.Remove(watch);
            report(Rule, $"{watch}: {problem}");
        }
    }

    /// <inheritdoc/>
    public void Ended(ObservedWatch watch, string how) => _watches.Remove(watch);

    private string? Judge(ObservedWatch watch, Progress progress, in ObservedEvent item)
    {
        if (item.Type == ObservedEventType.Error)
        {
            return null;
        }
        if (item.Type == ObservedEventType.Bookmark && item.Revision > _revision)
        {
            return $"a bookmark says {item.Revision}, and the store is at {_revision}";
        }
        if (progress.Next is not { } next || next < progress.Kind.Start)
        {
            progress.Next = item.Type == ObservedEventType.Bookmark ? progress.Kind.PlaceAfter(item.Revision) : null;
            return null;
        }
        Judged++;
        for (; progress.Kind.Find(next) is { } change && change.Revision <= item.Revision; next++)
        {
            // A watch may begin after a revision that is yet to come.
            if (change.Revision <= watch.After || progress.Selection.TypeOf(change) is not { } type)
            {
                continue;
            }
            if (item.Type == ObservedEventType.Bookmark)
            {
                return $"a bookmark says {item.Revision}, and {type} {change.Path} of revision {change.Revision} was not received";
            }
            progress.Next = next + 1;
            return type == item.Type && change.Path == item.Path && change.Revision == item.Revision
                ? CompareBytes(watch, change, item)
                : $"received {item.Type} {item.Path} of revision {item.Revision}, and next is {type} {change.Path} of revision "
                    + $"{change.Revision}";
        }
        progress.Next = next;
        return item.Type == ObservedEventType.Bookmark
            ? null
            : $"received {item.Type} {item.Path} of revision {item.Revision}, which the store has no such change of, or which "
                + $"was received before";
    }

    private static string? CompareBytes(ObservedWatch watch, KindChange change, in ObservedEvent item)
    {
        if (watch.Accept.Contains("as=Table", StringComparison.Ordinal))
        {
            return null;
        }
        var form = (watch.Version, watch.Accept, item.Type);
        if (change.Hashes.TryGetValue(form, out var hash))
        {
            return hash == item.Hash
                ? null
                : $"received {item.Type} {item.Path} of revision {item.Revision} in other bytes than others did";
        }
        change.Hashes.Add(form, item.Hash);
        return null;
    }

    private KindHistory KindOf(string prefix)
    {
        if (!_kinds.TryGetValue(prefix, out var kind))
        {
            _kinds.Add(prefix, kind = new(prefix, window));
        }
        return kind;
    }

    // /registry/GROUP/PLURAL/
    private static string PrefixOf(string key)
    {
        const string Root = "/registry/";
        if (!key.StartsWith(Root, StringComparison.Ordinal))
        {
            return "";
        }
        var group = key.IndexOf('/', Root.Length);
        var plural = group < 0 ? -1 : key.IndexOf('/', group + 1);
        return plural < 0 ? "" : key[..(plural + 1)];
    }

    /// <summary>How far a watch has come: the place of the next change; null until that is known.</summary>
    private sealed class Progress(KindHistory kind, WatchSelection selection, long? next)
    {
        public KindHistory Kind => kind;
        public WatchSelection Selection => selection;
        public long? Next { get; set; } = next;
    }
}
