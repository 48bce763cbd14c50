using k8s.Models;
using Petrel.Network.Linux;
using Petrel.Network.Services;

namespace Petrel.Network.Tests;

public sealed class ServiceRulesTests
{
    [Fact]
    public void Only_ready_endpoints_are_chosen_while_there_is_one()
    {
        var rules = ServiceRules.Render(
            [Service("10.96.0.5")],
            [Slice(("10.64.1.2", true, false), ("10.64.1.3", false, false))],
            "10.96.0.0/16"
        );

        Assert.Contains("10.96.0.5 . tcp . 80 : goto svc-10-96-0-5-tcp-80", rules);
        Assert.Contains("dnat to 10.64.1.2:8080", rules);
        Assert.DoesNotContain("10.64.1.3", rules);
    }

    [Fact]
    public void Terminating_endpoints_that_serve_are_the_last_resort()
    {
        var rules = ServiceRules.Render(
            [Service("10.96.0.5")],
            [Slice(("10.64.1.2", false, false), ("10.64.1.3", false, true))],
            "10.96.0.0/16"
        );

        Assert.Contains("dnat to 10.64.1.3:8080", rules);
        Assert.DoesNotContain("10.64.1.2", rules);
    }

    [Fact]
    public void A_service_without_endpoints_is_rejected_and_a_headless_one_has_no_rule()
    {
        var rules = ServiceRules.Render([Service("10.96.0.5"), Service("None", "other")], [], "10.96.0.0/16");

        Assert.DoesNotContain("goto", rules);
        Assert.Contains("ip daddr 10.96.0.0/16 reject", rules);
    }

    [NamespaceFact]
    public async Task The_kernel_takes_the_rules_and_balances_by_them()
    {
        var token = TestContext.Current.CancellationToken;
        var name = $"petrel-rules-{Environment.ProcessId}";
        await NetworkTool.RunAsync("ip", ["netns", "add", name], null, token);
        try
        {
            await NetworkTool.RunAsync(
                "ip",
                ["-netns", name, "-batch", "-"],
                "link set dev lo up\naddr add 10.64.1.2/32 dev lo\naddr add 10.64.1.3/32 dev lo\nroute add 10.96.0.0/16 dev lo\n",
                token
            );
            var rules = ServiceRules.Render(
                [Service("10.96.0.5")],
                [Slice(("10.64.1.2", true, false), ("10.64.1.3", true, false))],
                "10.96.0.0/16"
            );
            var inside = new[] { $"--net=/run/netns/{name}" };
            await NetworkTool.RunAsync("nsenter", [.. inside, "nft", "-f", "-"], rules, token);
            await NetworkTool.RunAsync("nsenter", [.. inside, "nft", "-f", "-"], rules, token);

            // Two servers answer with their own address; forty connections to the service must see both.
            var seen = await NetworkTool.RunAsync("nsenter", [.. inside, "python3", "-c", BalanceProbe], null, token);
            Assert.Equal("10.64.1.2 10.64.1.3", seen.Trim());
        }
        finally
        {
            await NetworkTool.RunAsync("ip", ["netns", "del", name], null, CancellationToken.None);
        }
    }

    private const string BalanceProbe = """
        import socket, threading
        def serve(address):
            s = socket.create_server((address, 8080))
            def run():
                while True:
                    c, _ = s.accept()
                    c.sendall(address.encode()); c.close()
            threading.Thread(target=run, daemon=True).start()
        serve("10.64.1.2"); serve("10.64.1.3")
        seen = set()
        for _ in range(40):
            with socket.create_connection(("10.96.0.5", 80), timeout=5) as c:
                seen.add(c.recv(100).decode())
        print(*sorted(seen))
        """;

    private static V1Service Service(string clusterIp, string name = "web") =>
        new()
        {
            Metadata = new() { Name = name, NamespaceProperty = "default" },
            Spec = new() { ClusterIP = clusterIp, Ports = [new() { Port = 80, Protocol = "TCP" }] },
        };

    private static V1EndpointSlice Slice(params (string Address, bool Ready, bool ServingTerminating)[] endpoints) =>
        new()
        {
            Metadata = new()
            {
                Name = "web-1",
                NamespaceProperty = "default",
                Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = "web" },
            },
            AddressType = "IPv4",
            Ports = [new() { Port = 8080, Protocol = "TCP" }],
            Endpoints = endpoints
                .Select(e => new V1Endpoint
                {
                    Addresses = [e.Address],
                    Conditions = new()
                    {
                        Ready = e.Ready,
                        Serving = e.Ready || e.ServingTerminating,
                        Terminating = e.ServingTerminating,
                    },
                })
                .ToList(),
        };
}
