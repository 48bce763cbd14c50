using k8s.Models;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Filters;
using Petrel.Scheduler.Framework;
using Petrel.Workloads;

namespace Petrel.Scheduler.Tests;

public sealed class FilterTests
{
    private const string Zone = "topology.kubernetes.io/zone";
    private const string Hostname = "kubernetes.io/hostname";
    private const string AffinityReason = "node(s) didn't match Pod's node affinity/selector";

    [Fact]
    public void A_cordoned_node_takes_only_pods_that_tolerate_it()
    {
        var node = Make.Node("n", unschedulable: true);
        Assert.Equal(["node(s) were unschedulable"], Check(new NodeUnschedulableFilter(), Make.Info("p"), node));
        Assert.Empty(
            Check(new NodeUnschedulableFilter(), Tolerating("node.kubernetes.io/unschedulable", "Exists", null, "NoSchedule"), node)
        );
        Assert.Empty(Check(new NodeUnschedulableFilter(), Make.Info("p"), Make.Node("n")));
    }

    [Theory]
    [InlineData("dedicated", "Equal", "gpu", "NoSchedule", true)]
    [InlineData("dedicated", null, "gpu", null, true)]
    [InlineData("dedicated", "Equal", "cpu", "NoSchedule", false)]
    [InlineData("dedicated", "Exists", null, "NoSchedule", true)]
    [InlineData("dedicated", "Exists", null, "NoExecute", false)]
    [InlineData("other", "Exists", null, null, false)]
    [InlineData(null, "Exists", null, null, true)]
    [InlineData(null, "Equal", null, null, false)]
    public void Taints_keep_away_pods_without_the_toleration(string? key, string? op, string? value, string? effect, bool passes)
    {
        var node = Make.Node("n", taints: [Make.Taint("dedicated", "gpu")]);
        Assert.Equal(
            passes ? [] : ["node(s) had untolerated taint(s)"],
            Check(new TaintTolerationFilter(), Tolerating(key, op, value, effect), node)
        );
    }

    [Fact]
    public void A_preference_is_no_reason_to_refuse()
    {
        var node = Make.Node("n", taints: [Make.Taint("a", effect: "PreferNoSchedule")]);
        Assert.Empty(Check(new TaintTolerationFilter(), Make.Info("p"), node));
        Assert.NotEmpty(Check(new TaintTolerationFilter(), Make.Info("p"), Make.Node("n", taints: [Make.Taint("a", effect: "NoExecute")])));
    }

    [Theory]
    [InlineData("disk", "In", "ssd,nvme", true)]
    [InlineData("disk", "In", "hdd", false)]
    [InlineData("disk", "NotIn", "hdd", true)]
    [InlineData("disk", "NotIn", "ssd", false)]
    [InlineData("absent", "NotIn", "x", true)]
    [InlineData("disk", "Exists", "", true)]
    [InlineData("absent", "Exists", "", false)]
    [InlineData("absent", "DoesNotExist", "", true)]
    [InlineData("disk", "DoesNotExist", "", false)]
    [InlineData("cores", "Gt", "7", true)]
    [InlineData("cores", "Gt", "8", false)]
    [InlineData("cores", "Lt", "9", true)]
    [InlineData("cores", "Lt", "8", false)]
    [InlineData("disk", "Gt", "1", false)]
    [InlineData("absent", "Lt", "1", false)]
    [InlineData("cores", "Gt", "x", false)]
    [InlineData("cores", "Gt", "1,2", false)]
    [InlineData("cores", "Near", "1", false)]
    public void Node_affinity_knows_every_operator(string key, string op, string values, bool passes)
    {
        var node = Make.Node("n", labels: Make.Labels("disk=ssd", "cores=8"));
        var pod = Requiring(Make.Term((key, op, values.Length == 0 ? [] : values.Split(','))));
        Assert.Equal(passes ? [] : [AffinityReason], Check(new NodeAffinityFilter(new()), pod, node));
    }

    [Fact]
    public void One_matching_term_is_enough_and_all_of_its_expressions_are_needed()
    {
        var node = Make.Node("n", labels: Make.Labels("a=1", "b=2"));
        var both = Make.Term(("a", "In", ["1"]), ("b", "In", ["2"]));
        var half = Make.Term(("a", "In", ["1"]), ("b", "In", ["3"]));
        Assert.Empty(Check(new NodeAffinityFilter(new()), Requiring(half, both), node));
        Assert.NotEmpty(Check(new NodeAffinityFilter(new()), Requiring(half), node));
        // An empty term and an empty list match nothing.
        Assert.NotEmpty(Check(new NodeAffinityFilter(new()), Requiring(new V1NodeSelectorTerm()), node));
        Assert.NotEmpty(Check(new NodeAffinityFilter(new()), Requiring(), node));
    }

    [Fact]
    public void Fields_name_nodes()
    {
        var byName = new V1NodeSelectorTerm
        {
            MatchFields =
            [
                new()
                {
                    Key = "metadata.name",
                    OperatorProperty = "In",
                    Values = ["n2"],
                },
            ],
        };
        Assert.NotEmpty(Check(new NodeAffinityFilter(new()), Requiring(byName), Make.Node("n1")));
        Assert.Empty(Check(new NodeAffinityFilter(new()), Requiring(byName), Make.Node("n2")));
        Assert.Equal(["n2"], Requiring(byName).RequiredNodeAffinity.NodeNames);
        Assert.Null(Requiring(byName, Make.Term(("a", "Exists", []))).RequiredNodeAffinity.NodeNames);
    }

    [Fact]
    public void Node_selector_and_affinity_must_both_hold()
    {
        var node = Make.Node("n", labels: Make.Labels("a=1"));
        var pod = Make.Info("p", with: spec =>
        {
            spec.NodeSelector = Make.Labels("a=1");
            spec.Affinity = new()
            {
                NodeAffinity = new()
                {
                    RequiredDuringSchedulingIgnoredDuringExecution = new() { NodeSelectorTerms = [Make.Term(("b", "Exists", []))] },
                },
            };
        });
        Assert.NotEmpty(Check(new NodeAffinityFilter(new()), pod, node));
        Assert.Empty(Check(new NodeAffinityFilter(new()), Make.Info("p", with: s => s.NodeSelector = Make.Labels("a=1")), node));
        Assert.NotEmpty(Check(new NodeAffinityFilter(new()), Make.Info("p", with: s => s.NodeSelector = Make.Labels("a=2")), node));
    }

    [Theory]
    [InlineData("", "TCP", 80, "", "TCP", 80, false)]
    [InlineData("", "TCP", 80, "", "UDP", 80, true)]
    [InlineData("", "TCP", 80, "", "TCP", 81, true)]
    [InlineData("127.0.0.1", "TCP", 80, "127.0.0.2", "TCP", 80, true)]
    [InlineData("127.0.0.1", "TCP", 80, "0.0.0.0", "TCP", 80, false)]
    [InlineData("", "", 80, "127.0.0.1", "TCP", 80, false)]
    public void Host_ports_conflict_by_address_protocol_and_number(
        string ip1,
        string proto1,
        int port1,
        string ip2,
        string proto2,
        int port2,
        bool passes
    )
    {
        var cluster = Make.Cluster(Make.Node("n"));
        cluster.Place(Make.Info("there", with: s => s.Containers[0].Ports = [
                    new()
                    {
                        HostIP = ip1,
                        Protocol = proto1,
                        HostPort = port1,
                        ContainerPort = 1,
                    },
                ]), "n");
        var pod = Make.Info("p", with: s => s.Containers[0].Ports = [
                new()
                {
                    HostIP = ip2,
                    Protocol = proto2,
                    HostPort = port2,
                    ContainerPort = 2,
                },
            ]);
        Assert.Equal(
            passes ? [] : ["node(s) didn't have free ports for the requested pod ports"],
            Check(new NodePortsFilter(), pod, cluster, "n")
        );
        cluster.Remove("uid-default-there");
        Assert.Empty(Check(new NodePortsFilter(), pod, cluster, "n"));
    }

    [Theory]
    [InlineData("4", null, "")]
    [InlineData("4001m", null, "Insufficient cpu")]
    [InlineData(null, "9Gi", "Insufficient memory")]
    [InlineData("5", "9Gi", "Insufficient cpu|Insufficient memory")]
    public void Requests_must_fit(string? cpu, string? memory, string reasons) =>
        Assert.Equal(reasons, string.Join('|', Check(new NodeResourcesFitFilter(new()), Make.Info("p", cpu, memory), Make.Node("n"))));

    [Fact]
    public void What_others_took_is_not_free()
    {
        var cluster = Make.Cluster(Make.Node("n", cpu: "1", pods: 2, extra: new Dictionary<string, string> { ["example.com/gpu"] = "1" }));
        void Gpu(V1PodSpec spec) => spec.Containers[0].Resources.Requests["example.com/gpu"] = new("1");
        cluster.Place(Make.Info("a", "600m", with: Gpu), "n");
        Assert.Equal(
            ["Insufficient cpu", "Insufficient example.com/gpu"],
            Check(new NodeResourcesFitFilter(new()), Make.Info("p", "500m", with: Gpu), cluster, "n")
        );
        Assert.Empty(Check(new NodeResourcesFitFilter(new()), Make.Info("p", "400m"), cluster, "n"));
        cluster.Place(Make.Info("b", "1"), "n");
        // The node is overcommitted. For a pod without requests only the number of pods counts.
        Assert.Equal(["Too many pods"], Check(new NodeResourcesFitFilter(new()), Make.Info("p"), cluster, "n"));
        cluster.Remove("uid-default-b");
        Assert.Empty(Check(new NodeResourcesFitFilter(new()), Make.Info("p"), cluster, "n"));
    }

    [Fact]
    public void A_hard_spread_constraint_keeps_domains_within_the_skew()
    {
        var cluster = Make.Cluster(
            Make.Node("a1", labels: Make.Labels(Zone + "=a")),
            Make.Node("a2", labels: Make.Labels(Zone + "=a")),
            Make.Node("b1", labels: Make.Labels(Zone + "=b")),
            Make.Node("c1")
        );
        var labels = Make.Labels("app=web");
        void Spread(V1PodSpec spec) =>
            spec.TopologySpreadConstraints = [
                new()
                {
                    MaxSkew = 1,
                    TopologyKey = Zone,
                    WhenUnsatisfiable = "DoNotSchedule",
                    LabelSelector = Make.Select("app", "web"),
                },
            ];
        cluster.Place(Make.Info("w1", labels: labels), "a1");
        cluster.Place(Make.Info("w2", labels: labels), "a2");
        cluster.Place(Make.Info("w3", labels: labels), "b1");
        cluster.Place(Make.Info("other", labels: labels, ns: "elsewhere"), "b1");
        var pod = Make.Info("p", with: Spread, labels: labels);
        var filter = new PodTopologySpreadFilter(new());

        Assert.Equal(["node(s) didn't match pod topology spread constraints"], Check(filter, pod, cluster, "a2"));
        Assert.Empty(Check(filter, pod, cluster, "b1"));
        Assert.Equal(["node(s) didn't match pod topology spread constraints (missing required label)"], Check(filter, pod, cluster, "c1"));
        // A pod that the constraint does not select makes no skew.
        Assert.Empty(Check(filter, Make.Info("p", with: Spread), cluster, "a2"));
    }

    [Fact]
    public void Too_few_domains_count_as_an_empty_one()
    {
        var cluster = Make.Cluster(Make.Node("a", labels: Make.Labels(Zone + "=a")));
        var labels = Make.Labels("app=web");
        cluster.Place(Make.Info("w1", labels: labels), "a");
        PodInfo Pod(int? minDomains) => Make.Info("p", labels: labels, with: spec => spec.TopologySpreadConstraints = [
                    new()
                    {
                        MaxSkew = 1,
                        MinDomains = minDomains,
                        TopologyKey = Zone,
                        WhenUnsatisfiable = "DoNotSchedule",
                        LabelSelector = Make.Select("app", "web"),
                    },
                ]);
        Assert.Empty(Check(new PodTopologySpreadFilter(new()), Pod(null), cluster, "a"));
        Assert.NotEmpty(Check(new PodTopologySpreadFilter(new()), Pod(2), cluster, "a"));
    }

    [Fact]
    public void Required_affinity_follows_the_others_and_lets_the_first_of_its_kind_start()
    {
        var cluster = Make.Cluster(
            Make.Node("a1", labels: Make.Labels(Zone + "=a")),
            Make.Node("b1", labels: Make.Labels(Zone + "=b")),
            Make.Node("bare")
        );
        var filter = new InterPodAffinityFilter();
        var pod = Make.Info("p", with: s => s.Affinity = Make.Near("app", "db", Zone));
        Assert.Equal(["node(s) didn't match pod affinity rules"], Check(filter, pod, cluster, "a1"));

        var first = Make.Info("p", labels: Make.Labels("app=db"), with: s => s.Affinity = Make.Near("app", "db", Zone));
        Assert.Empty(Check(filter, first, cluster, "a1"));
        Assert.NotEmpty(Check(filter, first, cluster, "bare"));

        cluster.Place(Make.Info("db", labels: Make.Labels("app=db")), "a1");
        Assert.Empty(Check(filter, pod, cluster, "a1"));
        Assert.NotEmpty(Check(filter, pod, cluster, "b1"));
        Assert.NotEmpty(Check(filter, first, cluster, "b1"));
    }

    [Fact]
    public void Required_anti_affinity_works_in_both_directions()
    {
        var cluster = Make.Cluster(Make.Node("n1"), Make.Node("n2"));
        var filter = new InterPodAffinityFilter();
        var shy = Make.Info("shy", with: s => s.Affinity = Make.Away("app", "web", Hostname));
        cluster.Place(Make.Info("w", labels: Make.Labels("app=web")), "n1");
        Assert.Equal(["node(s) didn't match pod anti-affinity rules"], Check(filter, shy, cluster, "n1"));
        Assert.Empty(Check(filter, shy, cluster, "n2"));

        cluster.Place(shy, "n2");
        Assert.Equal(
            ["node(s) didn't satisfy existing pods anti-affinity rules"],
            Check(filter, Make.Info("w2", labels: Make.Labels("app=web")), cluster, "n2")
        );
        Assert.Empty(Check(filter, Make.Info("x", labels: Make.Labels("app=x")), cluster, "n2"));
    }

    [Fact]
    public void Affinity_terms_reach_other_namespaces_only_when_they_say_so()
    {
        var cluster = Make.Cluster(Make.Node("n1"));
        cluster.SetNamespace("prod", Make.Labels("env=prod"));
        cluster.Place(Make.Info("w", labels: Make.Labels("app=web"), ns: "prod"), "n1");
        PodInfo Shy(Action<V1PodAffinityTerm> change) => Make.Info("shy", with: s =>
            {
                s.Affinity = Make.Away("app", "web", Hostname);
                change(s.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution[0]);
            });
        var filter = new InterPodAffinityFilter();
        Assert.Empty(Check(filter, Shy(_ => { }), cluster, "n1"));
        Assert.NotEmpty(Check(filter, Shy(t => t.Namespaces = ["prod"]), cluster, "n1"));
        Assert.NotEmpty(Check(filter, Shy(t => t.NamespaceSelector = new()), cluster, "n1"));
        Assert.NotEmpty(Check(filter, Shy(t => t.NamespaceSelector = Make.Select("env", "prod")), cluster, "n1"));
        Assert.Empty(Check(filter, Shy(t => t.NamespaceSelector = Make.Select("env", "test")), cluster, "n1"));
    }

    private static PodInfo Tolerating(string? key, string? op, string? value, string? effect) => Make.Info("p", with: s => s.Tolerations = [
                new()
                {
                    Key = key,
                    OperatorProperty = op,
                    Value = value,
                    Effect = effect,
                },
            ]);

    private static PodInfo Requiring(params V1NodeSelectorTerm[] terms) =>
        Make.Info("p", with: s =>
            s.Affinity = new()
            {
                NodeAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = new() { NodeSelectorTerms = terms } },
            }
        );

    private static IReadOnlyList<string> Check(IFilterPlugin plugin, PodInfo pod, V1Node node) =>
        Check(plugin, pod, Make.Cluster(node), node.Metadata.Name);

    private static IReadOnlyList<string> Check(IFilterPlugin plugin, PodInfo pod, ClusterState cluster, string node)
    {
        var plan = plugin.For(pod, cluster);
        var status = plan.Refusal ?? plan.Filter?.Check(cluster.Node(node)!.Slot) ?? Status.Success;
        Assert.Equal(status.IsSuccess, status.Reasons.Count == 0);
        return status.Reasons;
    }
}
