using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Jobs;
using Petrel.Workloads;

namespace Petrel.Controllers.StatefulSets;

/// <summary>Collects the actions for a StatefulSet's pods.</summary>
internal sealed class StatefulSetSync
{
    private readonly V1StatefulSet _set;
    private readonly StatefulSetRevisions _revisions;
    private readonly Func<string, V1PersistentVolumeClaim?> _claim;
    private readonly DateTimeOffset _now;
    private readonly bool _ordered;
    private readonly V1Pod?[] _desired; // by index from the first ordinal; null where there is none
    private readonly List<V1Pod> _surplus = []; // the highest ordinal first
    private readonly HashSet<string> _deleted = [];
    private readonly List<StatefulSetAction> _actions = [];

    public StatefulSetSync(
        V1StatefulSet set,
        StatefulSetRevisions revisions,
        IReadOnlyList<V1Pod> pods,
        Func<string, V1PersistentVolumeClaim?> claim,
        DateTimeOffset now
    )
    {
        _set = set;
        _revisions = revisions;
        _claim = claim;
        _now = now;
        _ordered = set.Spec.PodManagementPolicy != "Parallel";
        _desired = new V1Pod?[set.Spec.Replicas ?? 1];
        foreach (var pod in pods.OrderByDescending(Ordinal))
        {
            if (StatefulPodIdentity.IsDesired(set, Ordinal(pod)))
            {
                _desired[Ordinal(pod) - StatefulPodIdentity.Start(set)] = pod;
            }
            else
            {
                _surplus.Add(pod);
            }
        }
    }

    public IReadOnlyList<StatefulSetAction> Actions => _actions;

    /// <summary>Plans for the desired pods. Returns false when the rest has to wait.</summary>
    public bool PlanDesired()
    {
        var proceed = true;
        for (var index = 0; index < _desired.Length; index++)
        {
            var ordinal = StatefulPodIdentity.Start(_set) + index;
            if (_desired[index] is not { } pod)
            {
                proceed &= Create(ordinal) && !_ordered;
            }
            else if (pod.IsFinished())
            {
                // Also after success: a pod that was stopped from outside may have ended with any exit code. Its name is free when it is
                // gone.
                Delete(pod);
                proceed &= !_ordered;
            }
            else
            {
                if (pod.Status?.Phase == "Pending" && !pod.IsDeleting())
                {
                    CompleteClaims(pod, ordinal);
                }
                if (_ordered && !IsSettled(pod))
                {
                    proceed = false;
                }
                else if (!pod.IsDeleting())
                {
                    Repair(pod, ordinal);
                }
            }
            if (!proceed && _ordered)
            {
                return false;
            }
        }
        return proceed;
    }

    /// <summary>Plans for the surplus pods. Returns false when the update has to wait.</summary>
    public bool PlanSurplus()
    {
        foreach (var pod in _surplus)
        {
            CorrectClaims(pod, Ordinal(pod));
        }
        // With OrderedReady, only the first unavailable pod may be deleted while others are unavailable: the others may wait for it.
        var firstUnavailable = _desired.FirstOrDefault(p => p is not null && p.IsUnavailable(_set, _now))
            ?? _surplus.LastOrDefault(p => p.IsUnavailable(_set, _now));
        foreach (var pod in _surplus)
        {
            if (
                !pod.IsDeleting()
                && (!_ordered || ReferenceEquals(pod, firstUnavailable) || (pod.IsRunningAndReady() && pod.IsAvailable(_set, _now)))
            )
            {
                Delete(pod);
            }
            if (_ordered)
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Plans the update of pods with an old template.</summary>
    public void PlanUpdate()
    {
        if (_set.Spec.UpdateStrategy?.Type == "OnDelete")
        {
            return;
        }
        var partition = Math.Max(0, _set.Spec.UpdateStrategy?.RollingUpdate?.Partition ?? 0);
        var left = StatefulSetPlan.MaxUnavailable(_set) - _desired.Count(p => p is null || p.IsUnavailable(_set, _now));
        // From the highest ordinal.
        var old = _desired
            .Skip(partition)
            .Reverse()
            .OfType<V1Pod>()
            .Where(p => p.RevisionName() != _revisions.UpdateName && !p.IsDeleting())
            .ToList();
        if (!_ordered)
        {
            // Unavailable pods may be deleted at once, and the update may repair them (upstream since 1.36, and before maxUnavailable).
            foreach (var pod in old.Where(p => !p.IsAvailable(_set, _now)))
            {
                Delete(pod);
            }
            old.RemoveAll(p => !p.IsAvailable(_set, _now));
        }
        foreach (var pod in old.Take(Math.Max(0, left)))
        {
            Delete(pod);
        }
    }

    // Whether no other pod has to wait for it.
    private bool IsSettled(V1Pod pod) => !pod.IsDeleting() && pod.IsRunningAndReady() && pod.IsAvailable(_set, _now);

    // Returns false when it cannot be created now.
    private bool Create(int ordinal)
    {
        var pod = StatefulPod.For(_set, _revisions, ordinal);
        var existing = StatefulPodClaims.Names(_set, ordinal).Select(_claim).OfType<V1PersistentVolumeClaim>().ToList();
        if (existing.Any(c => ClaimRetention.IsStale(_set, c, pod.Metadata.Name, null)))
        {
            // The garbage collector is about to delete it, with the data of the old pod.
            return !_ordered;
        }
        if (existing.FirstOrDefault(c => c.Metadata.DeletionTimestamp is not null) is { } leaving)
        {
            _actions.Add(new ReportBlocked(pod, $"pvc {leaving.Metadata.Name} is being deleted"));
            return false;
        }
        _actions.Add(new CreateStatefulPod(pod, MissingClaims(ordinal)));
        return true;
    }

    private void Delete(V1Pod pod)
    {
        if (!pod.IsDeleting() && _deleted.Add(pod.Metadata.Uid))
        {
            _actions.Add(new DeleteStatefulPod(pod));
        }
    }

    private void Repair(V1Pod pod, int ordinal)
    {
        var mounted = StatefulPodClaims.AreMounted(_set, pod, ordinal);
        if (!StatefulPodIdentity.IsComplete(pod) || !mounted)
        {
            var repaired = pod.DeepCopy();
            StatefulPodIdentity.Complete(repaired, ordinal);
            if (!mounted)
            {
                CompleteClaims(pod, ordinal);
                StatefulPodClaims.Mount(_set, repaired.Spec, ordinal);
            }
            _actions.Add(new RepairStatefulPod(repaired));
        }
        CorrectClaims(pod, ordinal);
    }

    private void CompleteClaims(V1Pod pod, int ordinal)
    {
        if (MissingClaims(ordinal) is { Count: > 0 } missing && !_actions.OfType<CreateClaims>().Any(a => a.Pod == pod))
        {
            _actions.Add(new CreateClaims(pod, missing));
        }
        CorrectClaims(pod, ordinal);
    }

    private List<V1PersistentVolumeClaim> MissingClaims(int ordinal)
    {
        var missing = new List<V1PersistentVolumeClaim>();
        foreach (var template in _set.Spec.VolumeClaimTemplates ?? [])
        {
            if (_claim(StatefulPodClaims.Name(_set, template, ordinal)) is null)
            {
                missing.Add(StatefulPodClaims.Create(_set, template, ordinal));
            }
        }
        return missing;
    }

    private void CorrectClaims(V1Pod pod, int ordinal)
    {
        foreach (var claim in StatefulPodClaims.Names(_set, ordinal).Select(_claim).OfType<V1PersistentVolumeClaim>())
        {
            if (
                ClaimRetention.Correct(_set, claim, pod, StatefulPodIdentity.IsDesired(_set, ordinal)) is { } owners
                && !_actions.OfType<SetClaimOwners>().Any(a => a.Claim == claim)
            )
            {
                _actions.Add(new SetClaimOwners(claim, owners, ClaimRetention.IsConflicting(_set, claim, pod)));
            }
        }
    }

    private int Ordinal(V1Pod pod) => StatefulPodIdentity.OrdinalIn(_set, pod)!.Value;
}
