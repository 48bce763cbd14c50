using k8s.Models;
using Petrel.Model;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Composition;
using Petrel.Scheduler.Cycle;
using Petrel.Scheduler.Filters;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Settings;
using Petrel.Workloads;

namespace Petrel.Scheduler.Tests;

public sealed class VolumeTests : IClusterObjects
{
    private const string Zone = "topology.kubernetes.io/zone";
    private readonly Dictionary<string, V1PersistentVolumeClaim> _claims = [];
    private readonly Dictionary<string, V1PersistentVolume> _volumes = [];
    private readonly Dictionary<string, V1StorageClass> _classes = [];
    private readonly Dictionary<string, V1CSINode> _csiNodes = [];

    public IEnumerable<V1PersistentVolume> Volumes => _volumes.Values;

    public IEnumerable<V1PodDisruptionBudget> DisruptionBudgets => [];

    [Fact]
    public void Claims_that_cannot_be_used_refuse_the_pod_in_upstreams_words()
    {
        var pod = Pod("p", "data");
        Assert.Equal("persistentvolumeclaim \"data\" not found", Refusal(Binding(), pod));
        _claims["data"] = Claim("data", "fast");
        Assert.Equal("pod has unbound immediate PersistentVolumeClaims", Refusal(Binding(), pod));
        _claims["data"].Metadata.DeletionTimestamp = DateTime.UnixEpoch;
        Assert.Equal("persistentvolumeclaim \"data\" is being deleted", Refusal(Binding(), pod));
        _claims["data"] = Claim("data", "fast", "gone");
        _claims["data"].Status = new() { Phase = "Lost" };
        Assert.Equal("persistentvolumeclaim \"data\" bound to non-existent persistentvolume \"gone\"", Refusal(Binding(), pod));
        var ephemeral = Make.Info("p", with: s => s.Volumes = [new() { Name = "tmp", Ephemeral = new() }]);
        Assert.Equal(
            "waiting for ephemeral volume controller to create the persistentvolumeclaim \"p-tmp\"",
            Refusal(Binding(), ephemeral)
        );
        _claims["p-tmp"] = Claim("p-tmp", "fast", "v");
        Assert.Equal("PVC default/p-tmp was not created for pod default/p (pod is not owner)", Refusal(Binding(), ephemeral));
    }

    [Fact]
    public void A_bound_claims_volume_says_where_the_pod_can_go()
    {
        var cluster = Make.Cluster(Make.Node("a", labels: Make.Labels("rack=1")), Make.Node("b", labels: Make.Labels("rack=2")));
        _claims["data"] = Claim("data", "fast", "v");
        _volumes["v"] = Volume("v", "fast", claimed: true);
        _volumes["v"].Spec.NodeAffinity = new() { Required = new() { NodeSelectorTerms = [Make.Term(("rack", "In", ["1"]))] } };
        var pod = Pod("p", "data");
        Assert.Empty(Check(Binding(cluster), pod, cluster, "a"));
        Assert.Equal(["node(s) didn't match PersistentVolume's node affinity"], Check(Binding(cluster), pod, cluster, "b"));
        _volumes.Clear();
        Assert.Equal(
            ["node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"],
            Check(Binding(cluster), pod, cluster, "a")
        );
    }

    [Fact]
    public void A_claim_that_waits_for_its_consumer_goes_where_a_volume_is_free_or_can_be_made()
    {
        var cluster = Make.Cluster(Make.Node("a", labels: Make.Labels("rack=1")), Make.Node("b", labels: Make.Labels("disks=yes")));
        string[] nothing = ["node(s) didn't find available persistent volumes to bind"];
        _classes["local"] = Class("local", "kubernetes.io/no-provisioner");
        _claims["data"] = Claim("data", "local");
        var pod = Pod("p", "data");
        Assert.Equal(nothing, Check(Binding(cluster), pod, cluster, "a"));

        _volumes["v"] = Volume("v", "local", "10Gi");
        _volumes["v"].Spec.NodeAffinity = new() { Required = new() { NodeSelectorTerms = [Make.Term(("rack", "In", ["1"]))] } };
        Assert.Empty(Check(Binding(cluster), pod, cluster, "a"));
        Assert.Equal(nothing, Check(Binding(cluster), pod, cluster, "b"));
        _volumes["v"].Spec.Capacity["storage"] = new("1Mi");
        Assert.Equal(nothing, Check(Binding(cluster), pod, cluster, "a"));

        _classes["local"] = Class("local", topology: "disks");
        Assert.Empty(Check(Binding(cluster), pod, cluster, "b"));
        Assert.Equal(nothing, Check(Binding(cluster), pod, cluster, "a"));
        _claims["data"].Metadata.Annotations = new Dictionary<string, string> { ["volume.kubernetes.io/selected-node"] = "a" };
        Assert.Equal(nothing, Check(Binding(cluster), pod, cluster, "b"));
    }

    [Fact]
    public void Two_pods_do_not_get_the_same_free_volume()
    {
        var cluster = Make.Cluster(Make.Node("a"));
        _classes["local"] = Class("local", "kubernetes.io/no-provisioner");
        _volumes["v"] = Volume("v", "local");
        (_claims["one"], _claims["two"]) = (Claim("one", "local"), Claim("two", "local"));
        var binding = Binding(cluster);
        Assert.Null(binding.Reserve(Pod("p1", "one"), cluster.Node("a")!.Slot));
        Assert.NotEmpty(Check(binding, Pod("p2", "two"), cluster, "a"));
        binding.Unreserve(Pod("p1", "one"), cluster.Node("a")!.Slot);
        Assert.Empty(Check(binding, Pod("p2", "two"), cluster, "a"));
    }

    [Fact]
    public void A_claim_for_one_pod_is_free_again_when_that_pod_were_gone()
    {
        var cluster = Make.Cluster(Make.Node("a"), Make.Node("b"));
        _claims["data"] = Claim("data", "fast", "v");
        _claims["data"].Spec.AccessModes = ["ReadWriteOncePod"];
        var first = Pod("first", "data");
        cluster.Place(first, "a");
        var settings = new ProfileSettings { Disabled = ["*"], Enabled = ["VolumeRestrictions"] };
        var state = new CycleState(ProfileFactory.Create(new(settings, cluster, this)), Pod("second", "data"), cluster);
        var (a, b) = (cluster.Node("a")!.Slot, cluster.Node("b")!.Slot);
        string[] taken = ["node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"];
        Assert.Equal(taken, state.Check(b, out _).Reasons);
        using (var whatIf = state.WhatIf(a))
        {
            whatIf.Remove(first);
            Assert.True(whatIf.IsFeasible());
        }
        Assert.Equal(taken, state.Check(a, out _).Reasons);
    }

    [Fact]
    public void Zones_of_volumes_disks_and_attach_limits_are_kept()
    {
        var cluster = Make.Cluster(
            Make.Node("a", labels: Make.Labels($"{Zone}=z1")),
            Make.Node("b", labels: Make.Labels($"{Zone}=z2")),
            Make.Node("c")
        );
        _claims["data"] = Claim("data", "fast", "v");
        _volumes["v"] = Volume("v", "fast", claimed: true);
        _volumes["v"].Metadata.Labels = Make.Labels($"{Zone}=z0__z1");
        var pod = Pod("p", "data");
        Assert.Empty(Check(new VolumeZoneFilter(this), pod, cluster, "a"));
        Assert.Equal(["node(s) had no available volume zone"], Check(new VolumeZoneFilter(this), pod, cluster, "b"));
        Assert.Empty(Check(new VolumeZoneFilter(this), pod, cluster, "c"));

        PodInfo Disk(string name, bool reads) => Make.Info(name, with: s => s.Volumes = [
                    new()
                    {
                        Name = "d",
                        GcePersistentDisk = new() { PdName = "disk", ReadOnlyProperty = reads },
                    },
                ]);
        cluster.Place(Disk("there", reads: true), "a");
        Assert.Empty(Check(new VolumeRestrictionsFilter(this), Disk("p", reads: true), cluster, "a"));
        Assert.Equal(["node(s) had no available disk"], Check(new VolumeRestrictionsFilter(this), Disk("p", reads: false), cluster, "a"));

        _volumes["v"].Spec.Csi = new() { Driver = "csi.example.com", VolumeHandle = "h1" };
        _volumes["w"] = Volume("w", "fast", claimed: true);
        _volumes["w"].Spec.Csi = new() { Driver = "csi.example.com", VolumeHandle = "h2" };
        _claims["more"] = Claim("more", "fast", "w");
        _csiNodes["a"] = new()
        {
            Spec = new()
            {
                Drivers =
                [
                    new()
                    {
                        Name = "csi.example.com",
                        NodeID = "a",
                        Allocatable = new() { Count = 1 },
                    },
                ],
            },
        };
        cluster.Place(pod, "a");
        Assert.Equal(["node(s) exceed max volume count"], Check(new NodeVolumeLimitsFilter(this), Pod("q", "more"), cluster, "a"));
        Assert.Empty(Check(new NodeVolumeLimitsFilter(this), Pod("q", "data"), cluster, "a"));
        Assert.Empty(Check(new NodeVolumeLimitsFilter(this), Pod("q", "more"), cluster, "b"));
    }

    public V1PersistentVolumeClaim? Claim(ObjectKey key) => _claims.GetValueOrDefault(key.Name);

    public V1PersistentVolume? Volume(string name) => _volumes.GetValueOrDefault(name);

    public V1StorageClass? StorageClass(string name) => _classes.GetValueOrDefault(name);

    public V1CSINode? CsiNode(string name) => _csiNodes.GetValueOrDefault(name);

    internal static V1Volume Uses(string claim) =>
        new()
        {
            Name = claim,
            PersistentVolumeClaim = new() { ClaimName = claim },
        };

    internal static V1PersistentVolumeClaim Claim(string name, string storageClass, string? volume = null) =>
        new()
        {
            ApiVersion = "v1",
            Kind = "PersistentVolumeClaim",
            Metadata = new()
            {
                Name = name,
                NamespaceProperty = "default",
                Uid = $"uid-{name}",
                Annotations = volume is null ? null : new Dictionary<string, string> { ["pv.kubernetes.io/bind-completed"] = "yes" },
            },
            Spec = new()
            {
                AccessModes = ["ReadWriteOnce"],
                StorageClassName = storageClass,
                VolumeName = volume,
                Resources = new() { Requests = new Dictionary<string, ResourceQuantity> { ["storage"] = new("1Gi") } },
            },
        };

    internal static V1PersistentVolume Volume(string name, string storageClass, string capacity = "1Gi", bool claimed = false) =>
        new()
        {
            ApiVersion = "v1",
            Kind = "PersistentVolume",
            Metadata = new() { Name = name, Uid = $"uid-{name}" },
            Spec = new()
            {
                AccessModes = ["ReadWriteOnce"],
                StorageClassName = storageClass,
                Capacity = new Dictionary<string, ResourceQuantity> { ["storage"] = new(capacity) },
            },
            Status = new() { Phase = claimed ? "Bound" : "Available" },
        };

    internal static V1StorageClass Class(string name, string provisioner = "example.com/disks", string? topology = null) =>
        new()
        {
            ApiVersion = "storage.k8s.io/v1",
            Kind = "StorageClass",
            Metadata = new() { Name = name, Uid = $"uid-{name}" },
            Provisioner = provisioner,
            VolumeBindingMode = "WaitForFirstConsumer",
            AllowedTopologies = topology is null ? null : [new() { MatchLabelExpressions = [new() { Key = topology, Values = ["yes"] }] }],
        };

    private static PodInfo Pod(string name, string claim) => Make.Info(name, with: s => s.Volumes = [Uses(claim)]);

    private VolumeBindingPlugin Binding(ClusterState? cluster = null) => new(cluster ?? new(), this, new(), null, null);

    private static string? Refusal(IFilterPlugin plugin, PodInfo pod) => plugin.For(pod, new()).Refusal?.Reasons[0];

    private static IReadOnlyList<string> Check(IFilterPlugin plugin, PodInfo pod, ClusterState cluster, string node) =>
        plugin.For(pod, cluster).Filter?.Check(cluster.Node(node)!.Slot).Reasons ?? [];
}
