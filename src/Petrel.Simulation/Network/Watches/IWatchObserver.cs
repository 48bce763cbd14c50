namespace Petrel.Simulation.Network.Watches;

/// <summary>
/// Sees what watchers receive: each event after the network has delivered it and before the watcher has it, in order. It must not schedule
/// anything.
/// </summary>
public interface IWatchObserver
{
    /// <summary>The server has answered a watch.</summary>
    void Began(ObservedWatch watch);

    void Received(ObservedWatch watch, in ObservedEvent item);

    /// <summary>
    /// The watch is over: the server <c>ended</c> it in order, or the watcher <c>left</c>, or it was <c>broken</c>. That of a process which
    /// is killed ends without a word.
    /// </summary>
    void Ended(ObservedWatch watch, string how);
}

/// <summary>One watch of one watcher. Two watches are different even when all of this is the same.</summary>
public sealed class ObservedWatch
{
    /// <summary>The watcher's process: <c>controllers#2</c>.</summary>
    public required string Watcher { get; init; }

    /// <summary>The group; empty for the core group.</summary>
    public required string Group { get; init; }

    public required string Version { get; init; }

    /// <summary>The plural name.</summary>
    public required string Resource { get; init; }

    /// <summary>The namespace, or empty for all.</summary>
    public required string Namespace { get; init; }

    public required string LabelSelector { get; init; }

    public required string FieldSelector { get; init; }

    /// <summary>The resourceVersion after which it began; null when it began with what was there.</summary>
    public required long? After { get; init; }

    /// <summary>The form of answer that was asked for: <c>application/json</c> for whole objects.</summary>
    public required string Accept { get; init; }

    /// <summary>Where the store keeps the objects.</summary>
    public string StorePrefix => $"/registry/{(Group.Length == 0 ? "core" : Group)}/{Resource}/";

    /// <inheritdoc/>
    public override string ToString()
    {
        var selectors = string.Join(' ', new[] { Namespace, LabelSelector, FieldSelector }.Where(s => s.Length > 0));
        return $"{Watcher}'s watch of {Resource}{(selectors.Length == 0 ? "" : $" ({selectors})")} after {After?.ToString() ?? "now"}";
    }
}

/// <summary>One event as a watcher receives it.</summary>
/// <param name="Type">What it says happened.</param>
/// <param name="Path">The object without its kind: <c>namespace/name</c>, or only the name; empty for bookmarks and errors.</param>
/// <param name="Revision">The object's or the bookmark's resourceVersion; 0 for errors.</param>
/// <param name="Hash">A hash of the event's bytes.</param>
public readonly record struct ObservedEvent(ObservedEventType Type, string Path, long Revision, ulong Hash);

public enum ObservedEventType
{
    Added,
    Modified,
    Deleted,
    Bookmark,
    Error,
}
