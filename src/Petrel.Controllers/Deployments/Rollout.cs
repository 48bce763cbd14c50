using System.Globalization;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Framework;

namespace Petrel.Controllers.Deployments;

/// <summary>A plan under construction: the Deployment as it will be, its ReplicaSets as they are, and the actions.</summary>
internal sealed class Rollout
{
    private readonly Dictionary<string, int> _plannedReplicas = []; // by name; only looked up
    private readonly List<V1ReplicaSet> _touched = [];
    private readonly List<DeploymentAction> _actions = [];

    public Rollout(V1Deployment deployment, IReadOnlyList<V1ReplicaSet> sets, DateTimeOffset now)
    {
        Deployment = deployment.DeepCopy();
        Deployment.Status ??= new();
        Now = now;
        Bounds = RolloutBounds.Of(Deployment.Spec);
        New = DeploymentReplicaSets.FindNew(Deployment, sets);
        Old = [.. sets.Where(s => s.Metadata.Uid != New?.Metadata.Uid).OldestFirst()];
    }

    /// <summary>A copy that may be changed.</summary>
    public V1Deployment Deployment { get; }

    public V1DeploymentStatus Status => Deployment.Status;

    public DateTimeOffset Now { get; }

    public RolloutBounds Bounds { get; }

    /// <summary>The ReplicaSet of the Deployment's template.</summary>
    public V1ReplicaSet? New { get; private set; }

    /// <summary>The ReplicaSets of other templates, the oldest first.</summary>
    public IReadOnlyList<V1ReplicaSet> Old { get; }

    public IEnumerable<V1ReplicaSet> All => New is null ? Old : Old.Append(New);

    public IEnumerable<V1ReplicaSet> Active => All.Where(s => PlannedReplicas(s) > 0);

    public bool HasDeadline => Deployment.Spec.ProgressDeadlineSeconds is not (null or int.MaxValue);

    /// <summary>The number of pods that the plan gives to a ReplicaSet.</summary>
    public int PlannedReplicas(V1ReplicaSet set) =>
        _plannedReplicas.TryGetValue(set.Metadata.Name, out var size) ? size : set.DesiredReplicas();

    /// <summary>The number of available pods that remain at the planned size: pods that are not available are removed first.</summary>
    public int Available(V1ReplicaSet set) => Math.Min(set.AvailableReplicas(), PlannedReplicas(set));

    /// <summary>Plans a size. Returns whether it differs from the planned one.</summary>
    public bool Scale(V1ReplicaSet set, int size)
    {
        if (PlannedReplicas(set) == size)
        {
            return false;
        }
        RecordDesiredReplicas(set);
        _plannedReplicas[set.Metadata.Name] = size;
        return true;
    }

    /// <summary>Updates the annotations with the Deployment's size, even when the ReplicaSet keeps its own.</summary>
    public void RecordDesiredReplicas(V1ReplicaSet set)
    {
        if (!_touched.Contains(set))
        {
            _touched.Add(set);
        }
    }

    public void Add(DeploymentAction action) => _actions.Add(action);

    /// <summary>Plans the ReplicaSet of the Deployment's template.</summary>
    public void Create(int replicas)
    {
        var revision = DeploymentRevisions.Next(Old);
        New = DeploymentReplicaSets.Build(Deployment, Bounds, replicas, revision);
        Add(new CreateReplicaSet(New, replicas > 0 ? Scaled(New, 0, replicas) : null));
        SetRevision(revision.ToString(CultureInfo.InvariantCulture));
        if (HasDeadline)
        {
            DeploymentConditions.Set(
                Status,
                DeploymentConditions.New(
                    DeploymentNames.Progressing,
                    "True",
                    DeploymentNames.ReplicaSetCreated,
                    $"Created new replica set \"{New.Metadata.Name}\"",
                    Now
                )
            );
        }
    }

    public void SetRevision(string revision)
    {
        Deployment.Metadata.Annotations = DeploymentReplicaSets.CopyMap(Deployment.Metadata.Annotations);
        Deployment.Metadata.Annotations[DeploymentNames.Revision] = revision;
    }

    /// <summary>All actions; changes of size come last.</summary>
    public IEnumerable<DeploymentAction> Actions()
    {
        foreach (var action in _actions)
        {
            yield return action;
        }
        foreach (var set in _touched)
        {
            var copy = DeploymentReplicaSets.CopyWithAnnotations(set);
            var size = PlannedReplicas(set);
            if (DeploymentReplicaSets.SetReplicasAnnotations(copy.Metadata.Annotations, Bounds) | size != set.DesiredReplicas())
            {
                copy.Spec.Replicas = size;
                yield return new UpdateReplicaSet(copy, size == set.DesiredReplicas() ? null : Scaled(set, set.DesiredReplicas(), size));
            }
        }
    }

    private static ControllerEvent Scaled(V1ReplicaSet set, int from, int to) =>
        new("Normal", "ScalingReplicaSet", $"Scaled {(to > from ? "up" : "down")} replica set {set.Metadata.Name} from {from} to {to}");
}
