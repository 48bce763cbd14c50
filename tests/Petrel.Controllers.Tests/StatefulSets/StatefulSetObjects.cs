using k8s;
using k8s.Models;
using Petrel.Controllers.Revisions;
using Petrel.Controllers.StatefulSets;
using Petrel.Workloads;

namespace Petrel.Controllers.Tests.StatefulSets;

/// <summary>StatefulSets and their pods for tests of plans.</summary>
internal static class StatefulSetObjects
{
    public const string Old = "web-old";
    public const string New = "web-new";

    public static readonly DateTimeOffset Now = new(2026, 1, 2, 0, 0, 0, TimeSpan.Zero);

    /// <summary>No update is in progress.</summary>
    public static readonly StatefulSetRevisions Settled = new(New, Template("web:2"), New, Template("web:2"));

    /// <summary>An update from the old to the new template.</summary>
    public static readonly StatefulSetRevisions Updating = new(Old, Template("web:1"), New, Template("web:2"));

    public static V1StatefulSet Set(int replicas, Action<V1StatefulSet>? change = null)
    {
        var set = new V1StatefulSet
        {
            Metadata = new()
            {
                Name = "web",
                NamespaceProperty = "default",
                Uid = "set",
                Generation = 3,
            },
            Spec = new()
            {
                Replicas = replicas,
                ServiceName = "web",
                Selector = new() { MatchLabels = new Dictionary<string, string> { ["app"] = "web" } },
                Template = Template("web:2"),
                PodManagementPolicy = "OrderedReady",
                UpdateStrategy = new()
                {
                    Type = "RollingUpdate",
                    RollingUpdate = new() { Partition = 0 },
                },
            },
            Status = new() { Replicas = 0 },
        };
        change?.Invoke(set);
        return set;
    }

    public static V1PodTemplateSpec Template(string image) =>
        new()
        {
            Metadata = new() { Labels = new Dictionary<string, string> { ["app"] = "web" } },
            Spec = new() { Containers = [new() { Name = "web", Image = image }] },
        };

    /// <summary>A pod in a state: ready, starting, pending, failed, succeeded, going (being deleted, still ready).</summary>
    public static V1Pod Pod(V1StatefulSet set, int ordinal, string state = "ready", string revision = New, double readyFor = 3600)
    {
        var pod = StatefulPod.For(set, Updating, ordinal);
        pod.Metadata.Uid = $"uid-{ordinal}";
        pod.Metadata.Labels[RevisionOwner.PodLabel] = revision;
        pod.Metadata.DeletionTimestamp = state == "going" ? Now.UtcDateTime : null;
        pod.Status = new()
        {
            Phase = state switch
            {
                "pending" => "Pending",
                "failed" => "Failed",
                "succeeded" => "Succeeded",
                _ => "Running",
            },
            Conditions = state is "ready" or "going"
                ?
                [
                    new()
                    {
                        Type = "Ready",
                        Status = "True",
                        LastTransitionTime = Now.AddSeconds(-readyFor).UtcDateTime,
                    },
                ]
                : [new() { Type = "Ready", Status = "False" }],
        };
        return pod;
    }

    public static V1PersistentVolumeClaim Claim(V1StatefulSet set, int ordinal, params V1OwnerReference[] owners)
    {
        var claim = StatefulPodClaims.Create(set, set.Spec.VolumeClaimTemplates[0], ordinal);
        claim.Metadata.Uid = $"claim-{ordinal}";
        claim.Metadata.OwnerReferences = owners.Length == 0 ? null : owners;
        return claim;
    }

    public static void WithClaims(V1StatefulSet set) =>
        set.Spec.VolumeClaimTemplates = [
            new()
            {
                Metadata = new()
                {
                    Name = "data",
                    Labels = new Dictionary<string, string> { ["tier"] = "db" },
                },
                Spec = new()
                {
                    AccessModes = ["ReadWriteOnce"],
                    Resources = new() { Requests = new Dictionary<string, ResourceQuantity> { ["storage"] = new("1Gi") } },
                },
            },
        ];

    public static StatefulSetPlan Plan(
        V1StatefulSet set,
        IReadOnlyList<V1Pod> pods,
        StatefulSetRevisions? revisions = null,
        params V1PersistentVolumeClaim[] claims
    ) => StatefulSetPlan.Compute(set, revisions ?? Settled, pods, name => claims.FirstOrDefault(c => c.Metadata.Name == name), Now);

    /// <summary>The plan as text: <c>+web-0 -web-1 …</c>.</summary>
    public static string Words(StatefulSetPlan plan) =>
        string.Join(
            ' ',
            plan.Actions.Select(a =>
                a switch
                {
                    CreateStatefulPod x => "+" + x.Pod.Metadata.Name,
                    DeleteStatefulPod x => "-" + x.Pod.Metadata.Name,
                    RepairStatefulPod x => "~" + x.Pod.Metadata.Name,
                    CreateClaims x => "claims:" + x.Pod.Metadata.Name,
                    SetClaimOwners x => $"owners:{x.Claim.Metadata.Name}=[{string.Join(',', x.Owners.Select(o => o.Kind))}]",
                    ReportBlocked x => "blocked:" + x.Pod.Metadata.Name,
                    _ => "?",
                }
            )
        );
}
