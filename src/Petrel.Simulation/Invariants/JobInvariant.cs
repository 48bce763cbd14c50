using System.Globalization;
using System.Text.Json;
using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Invariants;

/// <summary>
/// A Job counts every pod of it that has ended exactly once, and starts none too many (source: upstream's job controller with tracking
/// finalizers).
/// <list type="bullet">
/// <item>Its counts never fall, and what they and uncountedTerminatedPods hold together never exceeds the pods that really ended so.</item>
/// <item>The tracking finalizer of a pod that has ended goes only when the pod's uid has been in uncountedTerminatedPods (or, where it
/// succeeded for an index, that is among completedIndexes); a uid is there once, and on leaving it becomes one of the count.</item>
/// <item>A new pod exceeds neither parallelism nor what completions leave; none of an indexed Job has the index of another active one, or
/// of one that has succeeded.</item>
/// <item>A Job that is Complete or Failed stays that, and starts nothing.</item>
/// </list>
/// </summary>
public sealed class JobInvariant(ClusterFacts facts) : IInvariant
{
    private const string Jobs = "/registry/batch/jobs/";
    private const string Tracking = "batch.kubernetes.io/job-tracking";
    private const string Index = "batch.kubernetes.io/job-completion-index";

    private readonly SortedDictionary<string, Account> _accounts = new(StringComparer.Ordinal); // by uid

    /// <inheritdoc/>
    public string Name => "jobs";

    /// <inheritdoc/>
    public string? Observe(IReadOnlyList<DocumentChange> commit)
    {
        string? problem = null;
        foreach (var change in facts.PodChanges)
        {
            if (change.Latest.OwnerKind == "Job" && _accounts.TryGetValue(change.Latest.OwnerUid, out var account))
            {
                problem ??= ObservePod(change, account);
            }
        }
        foreach (var change in commit)
        {
            if (!change.Key.StartsWith(Jobs, StringComparison.Ordinal))
            {
                continue;
            }
            if (change.After is not { } job)
            {
                _accounts.Remove(change.Before?.Uid() ?? "");
            }
            else
            {
                if (!_accounts.TryGetValue(job.Uid(), out var account))
                {
                    _accounts.Add(job.Uid(), account = new(job));
                }
                problem ??= ObserveJob(job, account);
            }
        }
        return problem;
    }

    private string? ObservePod(PodChange change, Account account)
    {
        if (change.After?.Phase == "Succeeded")
        {
            account.Succeeded.Add(change.After.Uid);
            if (change.After.Finalizers.Contains(Tracking))
            {
                account.Done.Add(change.After.Uid);
            }
        }
        // A pod that is deleted before it has ended counts as failed.
        else if (change.After?.Phase == "Failed" || (change.After ?? change.Before!).IsTerminating || change.After is null)
        {
            account.Failed.Add(change.Latest.Uid);
        }
        if (change.Before is null)
        {
            return ObserveNew(change.After!, account);
        }
        // Gone from the pod, or with the pod. One that has not ended is let go uncounted when its Job is suspended or wants fewer
        // (upstream: deleteJobPods).
        var untracked =
            change.Before.HasFinished && change.Before.Finalizers.Contains(Tracking) && change.After?.Finalizers.Contains(Tracking) != true;
        return
            untracked
            && !account.IsOver
            && facts.ByUid(change.Before.OwnerUid) is { } job
            && !job.IsTerminating()
            && !account.EverListed.Contains(change.Before.Uid)
            && !(account.IsIndexed && change.Before.Phase == "Succeeded" && account.CompletedIndexes.Contains(IndexOf(change.Before)))
            ? $"{change.Before.ShortKey} ({change.Before.Phase}) lost its tracking finalizer, and Job {account.Name} has not counted it"
            : null;
    }

    private string? ObserveNew(CommittedPod pod, Account account)
    {
        if (account.IsOver)
        {
            return $"Job {account.Name} is over and created {pod.Name}";
        }
        var active = facts.PodsOf(pod.OwnerUid).Where(p => p.IsActive).ToList();
        if (active.Count > account.Parallelism)
        {
            return $"Job {account.Name} has {active.Count} active pods, its parallelism is {account.Parallelism}";
        }
        if (!account.IsIndexed)
        {
            // Those that succeed while they are being deleted come on top, as upstream.
            var done = account.Done.Count(uid => facts.LastSeenPod(uid) is not { IsTerminating: true });
            return account.Completions is { } completions && active.Count + done > completions
                ? $"Job {account.Name} has {done} pods that succeeded and {active.Count} active ones, {completions} are wanted"
                : null;
        }
        var index = IndexOf(pod);
        if (active.FirstOrDefault(p => p.Uid != pod.Uid && IndexOf(p) == index) is { } twin)
        {
            return $"Job {account.Name} has two active pods of index {index}: {twin.Name} and {pod.Name}";
        }
        if (int.Parse(index, CultureInfo.InvariantCulture) >= account.Completions)
        {
            return $"Job {account.Name} created {pod.Name} of index {index}, it has {account.Completions}";
        }
        return
            account.Done.Select(facts.LastSeenPod).FirstOrDefault(p => p is { IsTerminating: false } && IndexOf(p) == index) is { } winner
            ? $"Job {account.Name} created {pod.Name}, and {winner.Name} of the same index {index} has succeeded"
            : null;
    }

    private static string? ObserveJob(JsonElement job, Account account)
    {
        account.Read(job);
        var (succeeded, failed) = (job.Status("succeeded"), job.Status("failed"));
        var (listedSucceeded, listedFailed) = (Uids(job, "succeeded"), Uids(job, "failed"));
        var problem =
            failed < account.LastFailed ? $"status.failed fell from {account.LastFailed} to {failed}"
            : succeeded < account.LastSucceeded && !account.IsElastic ? $"status.succeeded fell from {account.LastSucceeded} to {succeeded}"
            : account.IsOver && !IsFinished(job) ? "is not over any more"
            : account.IsIndexed
                ? (
                    account.CompletedIndexes.Count == succeeded
                        ? null
                        : $"status.succeeded is {succeeded}, completedIndexes are {job.Text("status", "completedIndexes")}"
                )
            : Counted(
                "succeeded",
                succeeded - account.LastSucceeded,
                account.ListedSucceeded,
                listedSucceeded,
                succeeded + listedSucceeded.Count,
                account.Succeeded,
                account
            );
        problem ??= Counted(
            "failed",
            failed - account.LastFailed,
            account.ListedFailed,
            listedFailed,
            failed + listedFailed.Count,
            account.Failed,
            account
        );
        (account.LastSucceeded, account.LastFailed) = (succeeded, failed);
        (account.ListedSucceeded, account.ListedFailed) = (listedSucceeded, listedFailed);
        account.EverListed.UnionWith(listedSucceeded);
        account.EverListed.UnionWith(listedFailed);
        account.IsOver |= IsFinished(job);
        return problem is null ? null : $"Job {account.Name}: {problem}";
    }

    private static string? Counted(
        string what,
        int rise,
        SortedSet<string> before,
        SortedSet<string> after,
        int sum,
        SortedSet<string> real,
        Account account
    )
    {
        var left = before.Count(uid => !after.Contains(uid));
        if (after.FirstOrDefault(uid => !before.Contains(uid) && account.EverListed.Contains(uid)) is { } again)
        {
            return $"pod {again} is in uncountedTerminatedPods.{what} for the second time";
        }
        if (after.FirstOrDefault(uid => !real.Contains(uid)) is { } alive)
        {
            return $"pod {alive} is in uncountedTerminatedPods.{what}, and has not ended so";
        }
        return rise != left ? $"status.{what} rose by {rise} when {left} pods left uncountedTerminatedPods"
            : sum > real.Count ? $"status.{what} and the uncounted are {sum}, {real.Count} pods have ended so"
            : null;
    }

    // Of "1,3-5,7".
    private static SortedSet<string> Indexes(string ranges)
    {
        var indexes = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var range in ranges.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var ends = range.Split('-');
            for (
                var index = int.Parse(ends[0], CultureInfo.InvariantCulture);
                index <= int.Parse(ends[^1], CultureInfo.InvariantCulture);
                index++
            )
            {
                indexes.Add(index.ToString(CultureInfo.InvariantCulture));
            }
        }
        return indexes;
    }

    private static bool IsFinished(JsonElement job) => job.Is("Complete") || job.Is("Failed");

    private static string IndexOf(CommittedPod pod) => pod.Document.Text("metadata", "annotations", Index);

    private static SortedSet<string> Uids(JsonElement job, string field) =>
        new(job.Items("status", "uncountedTerminatedPods", field).Select(u => u.GetString()!), StringComparer.Ordinal);

    private sealed class Account
    {
        public Account(JsonElement job)
        {
            Name = job.Name();
            IsIndexed = job.Text("spec", "completionMode") == "Indexed";
            Completions = job.Number("spec", "completions");
        }

        public string Name { get; }
        public bool IsIndexed { get; }

        /// <summary>The most that it was, while a pod that was started under it may be on its way.</summary>
        public int? Completions { get; private set; }

        public int Parallelism { get; private set; }

        /// <summary>Completions of an indexed Job were changed: then succeeded may fall.</summary>
        public bool IsElastic { get; private set; }

        public SortedSet<string> CompletedIndexes { get; private set; } = [];

        public bool IsOver { get; set; }
        public int LastSucceeded { get; set; }
        public int LastFailed { get; set; }
        public SortedSet<string> ListedSucceeded { get; set; } = [];
        public SortedSet<string> ListedFailed { get; set; } = [];
        public SortedSet<string> EverListed { get; } = new(StringComparer.Ordinal);

        /// <summary>Uids of the pods that have ended with success.</summary>
        public SortedSet<string> Succeeded { get; } = new(StringComparer.Ordinal);

        /// <summary>
        /// Those of them that were tracked at their end. (One that was let go and succeeds before it is deleted is made again, as
        /// upstream.)
        /// </summary>
        public SortedSet<string> Done { get; } = new(StringComparer.Ordinal);

        /// <summary>Uids of the pods that have failed or were deleted.</summary>
        public SortedSet<string> Failed { get; } = new(StringComparer.Ordinal);

        public void Read(JsonElement job)
        {
            var completions = job.Number("spec", "completions");
            IsElastic |= completions != Completions;
            Completions = completions is { } now && Completions is { } before ? Math.Max(now, before) : completions;
            Parallelism = Math.Max(Parallelism, job.Number("spec", "parallelism") ?? 1);
            CompletedIndexes = Indexes(job.Text("status", "completedIndexes"));
        }
    }
}
