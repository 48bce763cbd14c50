using k8s.Models;
using Petrel.Agent.Nodes;
using Petrel.Agent.Pods;
using Petrel.Agent.Runtimes;
using Petrel.Agent.Runtimes.Oci;
using Petrel.Agent.Sources;

namespace Petrel.Agent.Tests.Pods;

/// <summary>A pod's names, hosts file, resolver and limits.</summary>
public sealed class SandboxSpecsTests
{
    private const string OfNode = "search corp.test\nnameserver 192.0.2.1\noptions timeout:1\n";

    private static readonly AgentSettings Settings = new()
    {
        NodeName = "node1",
        NodeAddress = "10.0.0.1",
        ClusterDns = ["10.96.0.10"],
        PodPidsLimit = 77,
    };

    [Theory]
    [InlineData("web", null, null, false, "web", "")]
    [InlineData("web", "own", null, false, "own", "")]
    [InlineData("web", "own", "sub", false, "own", "own.sub.ns.svc.cluster.local")]
    [InlineData("web", null, "sub", true, "web.sub.ns.svc.cluster.local", "web.sub.ns.svc.cluster.local")]
    [InlineData("web", null, null, true, "web", "")]
    public void Hostnames_follow_the_pods_fields(string name, string? host, string? sub, bool fqdn, string hostname, string fullName)
    {
        var pod = Pod(name, s => (s.Hostname, s.Subdomain, s.SetHostnameAsFQDN) = (host, sub, fqdn));
        var spec = SandboxSpecs.Create(pod, Settings, 0);
        Assert.Equal((hostname, fullName), (spec.Hostname, spec.FullName));
    }

    [Fact]
    public void A_long_name_is_cut_to_a_hostname()
    {
        var name = new string('a', 62) + "-bcd";
        Assert.Equal(new string('a', 62), SandboxSpecs.Create(Pod(name), Settings, 0).Hostname);
    }

    [Fact]
    public void A_full_name_that_is_too_long_for_a_hostname_is_refused()
    {
        var pod = Pod(new string('a', 50), s => (s.Subdomain, s.SetHostnameAsFQDN) = ("sub", true));
        var refused = Assert.Throws<PodSourceException>(() => SandboxSpecs.Create(pod, Settings, 0));
        Assert.Contains("is too long (64 characters is the max, 75 characters requested)", refused.Message);
    }

    [Fact]
    public void The_hosts_file_keeps_the_short_name_of_a_pod_whose_hostname_is_its_full_name()
    {
        var pod = Pod("web", s => (s.Subdomain, s.SetHostnameAsFQDN) = ("sub", true));
        Assert.Contains(
            "10.1.0.2\tweb.sub.ns.svc.cluster.local\tweb\n",
            PodEtcFiles.Hosts(SandboxSpecs.Create(pod, Settings, 0), ["10.1.0.2"], OfNode)
        );
    }

    [Fact]
    public void The_hosts_file_has_the_pods_names_and_its_aliases()
    {
        var pod = Pod("web", s =>
        {
            s.Subdomain = "sub";
            s.HostAliases = [new() { Ip = "192.0.2.7", Hostnames = ["a.test", "b.test"] }];
        });
        var lines = PodEtcFiles.Hosts(SandboxSpecs.Create(pod, Settings, 0), ["10.1.0.2"], OfNode).Split('\n');
        Assert.Contains("127.0.0.1\tlocalhost", lines);
        Assert.Contains("10.1.0.2\tweb.sub.ns.svc.cluster.local\tweb", lines);
        Assert.Contains("192.0.2.7\ta.test\tb.test", lines);
    }

    [Fact]
    public void On_the_nodes_network_the_hosts_file_is_the_nodes_with_the_aliases()
    {
        var pod = Pod("web", s =>
        {
            s.HostNetwork = true;
            s.HostAliases = [new() { Ip = "192.0.2.7", Hostnames = ["a.test"] }];
        });
        var text = PodEtcFiles.Hosts(SandboxSpecs.Create(pod, Settings, 0), [], "127.0.0.1\tmachine\n");
        Assert.Contains("127.0.0.1\tmachine\n", text);
        Assert.EndsWith("192.0.2.7\ta.test\n", text);
    }

    [Theory]
    [InlineData(null, false, "search ns.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n")]
    [InlineData("ClusterFirst", true, OfNode)]
    [InlineData(
        "ClusterFirstWithHostNet",
        true,
        "search ns.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n"
    )]
    [InlineData("Default", false, OfNode)]
    [InlineData("None", false, "")]
    public void The_resolver_follows_the_dns_policy(string? policy, bool hostNetwork, string expected)
    {
        var pod = Pod("web", s => (s.DnsPolicy, s.HostNetwork) = (policy, hostNetwork));
        Assert.Equal(expected, PodEtcFiles.Resolver(SandboxSpecs.Create(pod, Settings, 0), OfNode));
    }

    [Theory]
    [InlineData(
        "ClusterFirst",
        "search ns.svc.cluster.local svc.cluster.local cluster.local my.test\nnameserver 10.96.0.10\nnameserver 192.0.2.9\n"
            + "options ndots:2 edns0\n"
    )]
    [InlineData("Default", "search corp.test my.test\nnameserver 192.0.2.1\nnameserver 192.0.2.9\noptions timeout:1 ndots:2 edns0\n")]
    [InlineData("None", "search my.test\nnameserver 192.0.2.9\noptions ndots:2 edns0\n")]
    public void The_dns_config_is_added_to_that_of_the_policy(string policy, string expected)
    {
        var pod = Pod("web", s =>
        {
            s.DnsPolicy = policy;
            s.DnsConfig = new()
            {
                Nameservers = ["192.0.2.9"],
                Searches = ["my.test", "two words", "line\nnameserver 192.0.2.66"],
                Options = [new() { Name = "ndots", Value = "2" }, new() { Name = "edns0" }],
            };
        });
        Assert.Equal(expected, PodEtcFiles.Resolver(SandboxSpecs.Create(pod, Settings, 0), OfNode));
    }

    [Fact]
    public void Limits_count_sidecars_beside_and_init_containers_before_the_containers()
    {
        var pod = Pod("web", s =>
        {
            s.Containers[0].Resources = Limited("100m", "10Mi");
            s.InitContainers =
            [
                new() { Name = "init", Resources = Limited("500m", "15Mi") },
                new()
                {
                    Name = "sidecar",
                    RestartPolicy = "Always",
                    Resources = Limited("200m", "20Mi"),
                },
            ];
        });
        var limits = ContainerSpecs.PodLimits(pod, 77);
        Assert.Equal((500, 30L << 20, 77), (limits.MilliCpu, limits.Memory, limits.Pids));
        pod.Spec.InitContainers[1].Resources = null;
        Assert.Equal((0, 0L), (ContainerSpecs.PodLimits(pod, 77).MilliCpu, ContainerSpecs.PodLimits(pod, 77).Memory));
    }

    private static V1ResourceRequirements Limited(string cpu, string memory) =>
        new()
        {
            Limits = new Dictionary<string, ResourceQuantity> { ["cpu"] = new(cpu), ["memory"] = new(memory) },
        };

    private static V1Pod Pod(string name, Action<V1PodSpec>? change = null)
    {
        var pod = new V1Pod
        {
            Metadata = new()
            {
                Name = name,
                NamespaceProperty = "ns",
                Uid = "uid",
            },
            Spec = new() { Containers = [new() { Name = "main", Image = "web:1" }] },
        };
        change?.Invoke(pod.Spec);
        return pod;
    }
}
