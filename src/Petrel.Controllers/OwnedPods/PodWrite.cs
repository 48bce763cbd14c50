namespace Petrel.Controllers.OwnedPods;

/// <summary>How one create or delete ended.</summary>
internal enum PodWriteEnd
{
    /// <summary>It happened.</summary>
    Done,

    /// <summary>It did not happen, and will not.</summary>
    Refused,

    /// <summary>It did not happen because the namespace is on its way out: nothing to report, nothing to repeat.</summary>
    NamespaceEnding,

    /// <summary>It may have happened, or may happen yet.</summary>
    Unknown,
}

/// <summary>One create or delete that was tried; <see cref="Revision"/> is what the cache has to reach to show a created pod.</summary>
internal readonly record struct PodWrite(PodWriteEnd End, ulong Revision = 0, Exception? Problem = null);
