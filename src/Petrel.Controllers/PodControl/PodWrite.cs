using Petrel.Controllers.StatefulSets;

namespace Petrel.Controllers.PodControl;

/// <summary>How one create or delete ended.</summary>
internal enum PodWriteOutcome
{
    /// <summary>It happened.</summary>
    Succeeded,

    /// <summary>It did not happen, and will not.</summary>
    Rejected,

    /// <summary>It did not happen because the namespace is on its way out: nothing to report, nothing to repeat.</summary>
    NamespaceTerminating,

    /// <summary>It may have happened, or may happen yet.</summary>
    Unknown,
}

/// <summary>One create or delete that was tried; <see cref="Revision"/> is what the cache has to reach to show a created pod.</summary>
internal readonly record struct PodWrite(PodWriteOutcome Outcome, ulong Revision = 0, Exception? Problem = null);
