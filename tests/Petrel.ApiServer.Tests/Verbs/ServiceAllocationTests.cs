using System.Net;
using Petrel.ApiServer.Composition;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Verbs;

public sealed class ServiceAllocationTests
{
    private const string Services = "/api/v1/namespaces/default/services";

    [Fact]
    public async Task Concurrent_services_get_addresses_of_their_own_and_give_them_back()
    {
        // Room for 13: 16 less the network's own, the API's and the last.
        await using var api = await TestApi.StartAsync(new ApiServerOptions { ServiceCidr = "10.0.0.0/28" });

        var made = await Task.WhenAll(Enumerable.Range(0, 13).Select(i => api.CreateAsync(Services, Service($"s{i}"))));
        var addresses = made.Select(s => (string)s["spec"]!["clusterIP"]!).ToArray();
        Assert.Equal(13, addresses.Distinct().Count());
        Assert.All(addresses, a => Assert.True(IPNetwork.Parse("10.0.0.0/28").Contains(IPAddress.Parse(a))));
        Assert.All(made, s => Assert.Equal((string?)s["spec"]!["clusterIP"], (string?)s["spec"]!["clusterIPs"]![0]));

        await api.JsonAsync(500, "POST", Services, Service("full"));
        await api.JsonAsync(200, "DELETE", Services + "/s7");
        var again = await api.CreateAsync(Services, Service("again"));
        Assert.Equal(addresses[7], (string?)again["spec"]!["clusterIP"]);
    }

    [Fact]
    public async Task Ports_of_one_number_share_their_node_port()
    {
        await using var api = await TestApi.StartAsync(new ApiServerOptions { NodePorts = (30000, 30003) });
        static string Dns(string name, string udp = "", string tcp = "") =>
            "{\"metadata\":{\"name\":\""
            + name
            + "\"},\"spec\":{\"type\":\"NodePort\",\"ports\":[{\"name\":\"udp\",\"protocol\":\"UDP\",\"port\":53"
            + udp
            + "},{\"name\":\"tcp\",\"port\":53"
            + tcp
            + "},{\"name\":\"other\",\"port\":9153}]}}";
        static int[] Ports(System.Text.Json.Nodes.JsonNode service) =>
            [.. service["spec"]!["ports"]!.AsArray().Select(p => (int)p!["nodePort"]!)];

        var given = Ports(await api.CreateAsync(Services, Dns("a")));
        await api.JsonAsync(200, "DELETE", Services + "/a");
        var first = Ports(await api.CreateAsync(Services, Dns("b", udp: ",\"nodePort\":30002")));
        await api.JsonAsync(200, "DELETE", Services + "/b");
        var second = Ports(await api.CreateAsync(Services, Dns("c", tcp: ",\"nodePort\":30001")));

        Assert.Equal(given[0], given[1]);
        Assert.NotEqual(given[0], given[2]);
        Assert.Equal([30002, 30002], first[..2]);
        Assert.Equal([30001, 30001], second[..2]);
    }

    [Fact]
    public async Task An_address_can_be_asked_for_when_it_is_free_and_in_range()
    {
        await using var api = await TestApi.StartAsync();

        var made = await api.CreateAsync(Services, Service("a", "\"clusterIP\":\"10.96.0.10\","));
        var taken = await api.JsonAsync(422, "POST", Services, Service("b", "\"clusterIP\":\"10.96.0.10\","));
        var outside = await api.JsonAsync(422, "POST", Services, Service("b", "\"clusterIP\":\"192.168.0.1\","));
        var headless = await api.CreateAsync(Services, Service("c", "\"clusterIP\":\"None\","));

        Assert.Equal("10.96.0.10", (string?)made["spec"]!["clusterIP"]);
        Assert.Contains(
            "failed to allocate IP 10.96.0.10: provided IP is already allocated",
            (string?)taken["message"],
            StringComparison.Ordinal
        );
        Assert.Contains(
            "spec.clusterIPs: Invalid value: [\"192.168.0.1\"]: failed to allocate IP 192.168.0.1: the provided IP "
                + "(192.168.0.1) is not in the valid range. The range of valid IPs is 10.96.0.0/",
            (string?)outside["message"],
            StringComparison.Ordinal
        );
        Assert.Equal("None", (string?)headless["spec"]!["clusterIP"]);
    }

    [Fact]
    public async Task Addresses_of_the_clusters_family_only_are_given_out()
    {
        await using var api = await TestApi.StartAsync();

        var dual = await api.JsonAsync(422, "POST", Services, Service("a", "\"ipFamilyPolicy\":\"RequireDualStack\","));
        var six = await api.JsonAsync(422, "POST", Services, Service("a", "\"ipFamilies\":[\"IPv6\"],"));
        var list = await api.JsonAsync(422, "POST", Services, Service("a", "\"clusterIPs\":[\"10.96.0.10\"],"));
        var preferred = await api.CreateAsync(Services, Service("a", "\"ipFamilyPolicy\":\"PreferDualStack\","));
        var headless = await api.CreateAsync(
            Services,
            """{"apiVersion":"v1","kind":"Service","metadata":{"name":"b","namespace":"default"},"spec":"""
                + """{"clusterIP":"None","ports":[{"port":80}]}}"""
        );

        Assert.Contains(
            "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": this cluster is not configured for dual-stack services",
            (string?)dual["message"],
            StringComparison.Ordinal
        );
        Assert.Contains(
            "spec.ipFamilies[0]: Invalid value: \"IPv6\": not configured on this cluster",
            (string?)six["message"],
            StringComparison.Ordinal
        );
        Assert.Contains(
            "spec.clusterIPs: Invalid value: [\"10.96.0.10\"]: must be empty when `clusterIP` is not specified",
            (string?)list["message"],
            StringComparison.Ordinal
        );
        Assert.Equal("""["IPv4"]""", preferred["spec"]!["ipFamilies"]!.ToJsonString());
        Assert.Equal("""["IPv4","IPv6"]""", headless["spec"]!["ipFamilies"]!.ToJsonString());
    }

    [Fact]
    public async Task A_balancer_learns_which_nodes_have_pods_at_a_port_of_its_own()
    {
        const string local = "\"type\":\"LoadBalancer\",\"externalTrafficPolicy\":\"Local\",";
        await using var api = await TestApi.StartAsync();

        var made = await api.CreateAsync(Services, Service("a", local));
        var port = (int)made["spec"]!["healthCheckNodePort"]!;
        var again = await api.JsonAsync(200, "PUT", Services + "/a", Service("a", local));
        var taken = await api.JsonAsync(422, "POST", Services, Service("b", "\"type\":\"NodePort\",", $",\"nodePort\":{port}"));
        var cluster = await api.JsonAsync(
            200,
            "PATCH",
            Services + "/a",
            """{"spec":{"externalTrafficPolicy":"Cluster"}}""",
            "application/merge-patch+json"
        );
        await api.CreateAsync(Services, Service("b", "\"type\":\"NodePort\",", $",\"nodePort\":{port}"));

        Assert.InRange(port, 30000, 32767);
        Assert.NotEqual(port, (int)made["spec"]!["ports"]![0]!["nodePort"]!);
        Assert.Equal(port, (int)again["spec"]!["healthCheckNodePort"]!);
        Assert.Contains("provided port is already allocated", (string?)taken["message"], StringComparison.Ordinal);
        Assert.Null(cluster["spec"]!["healthCheckNodePort"]);
    }

    [Fact]
    public async Task An_update_keeps_the_address_and_a_change_of_type_moves_node_ports()
    {
        await using var api = await TestApi.StartAsync();
        var made = await api.CreateAsync(Services, Service("a"));

        var typed = await api.JsonAsync(200, "PATCH", Services + "/a", """{"spec":{"type":"NodePort"}}""", "application/merge-patch+json");
        var port = (int)typed["spec"]!["ports"]![0]!["nodePort"]!;
        var taken = await api.JsonAsync(422, "POST", Services, Service("b", $"\"type\":\"NodePort\",", $",\"nodePort\":{port}"));
        await api.JsonAsync(200, "DELETE", Services + "/a");
        var free = await api.CreateAsync(Services, Service("b", $"\"type\":\"NodePort\",", $",\"nodePort\":{port}"));

        Assert.Equal((string?)made["spec"]!["clusterIP"], (string?)typed["spec"]!["clusterIP"]);
        Assert.InRange(port, 30000, 32767);
        Assert.Contains("provided port is already allocated", (string?)taken["message"], StringComparison.Ordinal);
        Assert.Equal(port, (int)free["spec"]!["ports"]![0]!["nodePort"]!);
    }

    [Fact]
    public async Task A_load_balancer_without_node_ports_gets_none_but_keeps_those_it_names()
    {
        await using var api = await TestApi.StartAsync();

        var none = await api.CreateAsync(Services, Service("a", "\"type\":\"LoadBalancer\",\"allocateLoadBalancerNodePorts\":false,"));
        var named = await api.CreateAsync(
            Services,
            Service("b", "\"type\":\"LoadBalancer\",\"allocateLoadBalancerNodePorts\":false,", ",\"nodePort\":30100")
        );
        await api.JsonAsync(422, "POST", Services, Service("c", "\"type\":\"NodePort\",", ",\"nodePort\":30100"));
        await api.JsonAsync(200, "DELETE", Services + "/b");

        Assert.Null(none["spec"]!["ports"]![0]!["nodePort"]);
        Assert.Equal(30100, (int)named["spec"]!["ports"]![0]!["nodePort"]!);
        Assert.Null(await api.Store.GetAsync("/petrel/allocations/services/port/TCP/30100", default));
    }

    private static string Service(string name, string more = "", string port = "") =>
        $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{ {{{more}}} "selector":{"a":"b"},"ports":[{"port":80 {{{port}}} }]}}""";
}
