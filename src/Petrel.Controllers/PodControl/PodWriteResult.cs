using Petrel.Client;

namespace Petrel.Controllers.PodControl;

/// <summary>How one create or delete ended.</summary>
internal enum PodWriteOutcome
{
    /// <summary>The API executed it.</summary>
    Succeeded,

    /// <summary>The API refused it. It will not be executed.</summary>
    Rejected,

    /// <summary>The API refused it because the namespace is being deleted. This is no error, and not tried again.</summary>
    NamespaceTerminating,

    /// <summary>The pod has changed since the write was planned. It will not be executed; the change leads to a new plan.</summary>
    Outdated,

    /// <summary>It may have been executed, or may be executed yet.</summary>
    Unknown,
}

/// <summary>The result of one create or delete.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Revision">For a created pod, the revision from which on the cache shows it.</param>
/// <param name="Error">Why it did not succeed.</param>
internal readonly record struct PodWriteResult(PodWriteOutcome Outcome, ulong Revision = 0, Exception? Error = null);
