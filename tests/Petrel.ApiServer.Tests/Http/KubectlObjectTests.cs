using System.Net.Sockets;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Petrel.ApiServer.Composition;

namespace Petrel.ApiServer.Tests.Http;

/// <summary>Single objects shown, exposed, patched, replaced and proxied by the real kubectl.</summary>
public sealed class KubectlObjectTests
{
    private const string Core = "/api/v1/namespaces/default/";
    private const string Merge = "application/merge-patch+json";

    private const string Controller = """
        {"apiVersion":"v1","kind":"ReplicationController","metadata":{"name":"primary","labels":{"app":"agnhost"}},"spec":{"replicas":1,
         "selector":{"app":"agnhost","role":"primary"},"template":{"metadata":{"labels":{"app":"agnhost","role":"primary"}},
         "spec":{"containers":[{"name":"main","image":"agnhost:1","ports":[{"name":"server","containerPort":6379}]}]}}}}
        """;

    [KubectlFact]
    public async Task Describe_prints_what_matters_of_controllers_pods_services_nodes_and_namespaces()
    {
        await using var front = await TestFront.StartAsync();
        var kubectl = new Kubectl(front.WriteKubeconfig());
        await CreateAsync(front.Api);

        await ShowsAsync(
            "rc primary",
            "Name: primary",
            "Namespace: default",
            "Selector: app=agnhost,role=primary",
            "Labels: app=agnhost",
            "Annotations: <none>",
            "Replicas: 1 current / 1 desired",
            "Pods Status: 1 Running / 0 Waiting / 0 Succeeded / 0 Failed",
            "Pod Template: Labels: app=agnhost role=primary",
            "Image: agnhost:1",
            "Events: <none>"
        );
        await ShowsAsync(
            "pod primary-x",
            "Name: primary-x",
            "Namespace: default",
            "Node: n1/10.0.0.1",
            "Labels: app=agnhost role=primary",
            "Annotations: <none>",
            "Status: Running",
            "IP: 10.1.0.7",
            "Controlled By: ReplicationController/primary",
            "Image: agnhost:1",
            "State: Running",
            "QoS Class: BestEffort"
        );
        await ShowsAsync(
            "service primary",
            "Name: primary",
            "Namespace: default",
            "Labels: app=agnhost",
            "Annotations: <none>",
            "Selector: app=agnhost,role=primary",
            "Type: ClusterIP",
            "IP: 10.",
            "Port: <unset> 6379/TCP",
            "Endpoints:",
            "Session Affinity: None"
        );
        await ShowsAsync(
            "node n1",
            "Name: n1",
            "Labels: <none>",
            "Annotations: <none>",
            "CreationTimestamp: ",
            "Conditions: Type Status LastHeartbeatTime LastTransitionTime Reason Message",
            "Ready True",
            "KubeletReady all is well",
            "Addresses: InternalIP: 10.0.0.1",
            "Capacity: cpu: 4",
            "Kernel Version: 6.1",
            "OS Image: Linux",
            "Container Runtime Version: petrel://1",
            "Kubelet Version: v1.35.0",
            "default primary-x"
        );
        await ShowsAsync("namespace default", "Name: default", "Labels: kubernetes.io/metadata.name=default", "Status: Active");

        async Task ShowsAsync(string target, params string[] parts)
        {
            var shown = Regex.Replace(await kubectl.RunAsync($"describe {target}"), @"\s+", " ");
            Assert.All(parts, part => Assert.Contains(part, shown, StringComparison.Ordinal));
        }
    }

    [KubectlFact]
    public async Task Controllers_and_services_are_exposed_as_services()
    {
        await using var front = await TestFront.StartAsync();
        var kubectl = new Kubectl(front.WriteKubeconfig());
        await front.Api.CreateAsync(Core + "replicationcontrollers", Controller);

        Assert.Equal("service/rm2 exposed\n", await kubectl.RunAsync("expose rc primary --name=rm2 --port=1234 --target-port=6379"));
        Assert.Equal("service/rm3 exposed\n", await kubectl.RunAsync("expose service rm2 --name=rm3 --port=2345 --target-port=6379"));

        foreach (var (name, port) in new[] { ("rm2", 1234), ("rm3", 2345) })
        {
            var spec = (await front.Api.GetAsync($"{Core}services/{name}"))["spec"]!;
            Assert.Equal("""{"app":"agnhost","role":"primary"}""", spec["selector"]!.ToJsonString());
            var only = Assert.Single(spec["ports"]!.AsArray())!;
            Assert.Equal((port, 6379), ((int)only["port"]!, (int)only["targetPort"]!));
        }
    }

    [KubectlFact]
    public async Task Pods_are_annotated_by_a_patch_and_get_another_image_by_a_replacement()
    {
        await using var front = await TestFront.StartAsync();
        var kubectl = new Kubectl(front.WriteKubeconfig());
        await kubectl.RunAsync("run one --image=httpd:1 --labels=app=a");
        await kubectl.RunAsync("run two --image=httpd:1 --labels=app=a");

        foreach (var pod in (string[])["one", "two"])
        {
            Assert.Equal(
                $"pod/{pod} patched\n",
                await kubectl.RunAsync($"patch pod {pod} -p {{\\\"metadata\\\":{{\\\"annotations\\\":{{\\\"x\\\":\\\"y\\\"}}}}}}")
            );
        }
        Assert.Equal("y y", await kubectl.RunAsync("get pods -l app=a -o jsonpath={.items[*].metadata.annotations.x}"));

        var changed = (await kubectl.RunAsync("get pod one -o json")).Replace("httpd:1", "busybox:2", StringComparison.Ordinal);
        Assert.Equal("pod/one replaced\n", await kubectl.RunAsync("replace -f -", changed));
        Assert.Equal("busybox:2", await kubectl.RunAsync("get pod one -o jsonpath={.spec.containers[0].image}"));
    }

    [KubectlFact]
    public async Task A_proxy_serves_the_API_at_a_free_port()
    {
        await using var front = await TestFront.StartAsync();
        using var proxy = await new Kubectl(front.WriteKubeconfig()).FollowAsync("proxy --port=0 --disable-filter=true");

        var port = Regex.Match(proxy.FirstLine, "^Starting to serve on 127.0.0.1:([0-9]+)$");
        Assert.True(port.Success, proxy.FirstLine);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });

        await SpeaksAsync(http, $"http://127.0.0.1:{port.Groups[1].Value}/api/");
    }

    [KubectlFact]
    public async Task A_proxy_serves_the_API_at_a_socket()
    {
        await using var front = await TestFront.StartAsync();
        var kubeconfig = front.WriteKubeconfig();
        var path = Path.Combine(Path.GetDirectoryName(kubeconfig)!, "proxy.sock");
        using var proxy = await new Kubectl(kubeconfig).FollowAsync($"proxy --unix-socket={path}");

        Assert.Equal($"Starting to serve on {path}", proxy.FirstLine);
        using var http = new HttpClient(
            new SocketsHttpHandler
            {
                UseProxy = false,
                ConnectCallback = async (_, token) =>
                {
                    var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), token);
                    return new NetworkStream(socket, ownsSocket: true);
                },
            }
        );

        await SpeaksAsync(http, "http://localhost/api/");
    }

    private static async Task SpeaksAsync(HttpClient http, string url)
    {
        var found = JsonNode.Parse(await http.GetStringAsync(new Uri(url)))!;
        Assert.Contains("v1", found["versions"]!.AsArray().Select(v => (string?)v));
    }

    // A controller with its pod on a node, and its service.
    private static async Task CreateAsync(TestApi api)
    {
        await api.CreateAsync("/api/v1/nodes", """{"metadata":{"name":"n1"}}""");
        await api.JsonAsync(
            200,
            "PATCH",
            "/api/v1/nodes/n1/status",
            """
            {"status":{"addresses":[{"type":"InternalIP","address":"10.0.0.1"}],"capacity":{"cpu":"4"},"allocatable":{"cpu":"4"},
             "conditions":[{"type":"Ready","status":"True","reason":"KubeletReady","message":"all is well"}],
             "nodeInfo":{"machineID":"m","systemUUID":"s","bootID":"b","kernelVersion":"6.1","osImage":"Linux",
             "containerRuntimeVersion":"petrel://1","kubeletVersion":"v1.35.0","kubeProxyVersion":"v1.35.0",
             "operatingSystem":"linux","architecture":"amd64"}}}
            """,
            Merge
        );
        var controller = await api.CreateAsync(Core + "replicationcontrollers", Controller);
        await api.JsonAsync(200, "PATCH", Core + "replicationcontrollers/primary/status", """{"status":{"replicas":1}}""", Merge);
        await api.CreateAsync(
            Core + "pods",
            $$$"""
            {"metadata":{"name":"primary-x","labels":{"app":"agnhost","role":"primary"},"ownerReferences":[{"apiVersion":"v1",
             "kind":"ReplicationController","name":"primary","uid":"{{{controller["metadata"]!["uid"]}}}","controller":true}]},
             "spec":{"nodeName":"n1","containers":[{"name":"main","image":"agnhost:1"}]}}
            """
        );
        await api.JsonAsync(
            200,
            "PATCH",
            Core + "pods/primary-x/status",
            """
            {"status":{"phase":"Running","hostIP":"10.0.0.1","podIP":"10.1.0.7","podIPs":[{"ip":"10.1.0.7"}],
             "containerStatuses":[{"name":"main","image":"agnhost:1","imageID":"","ready":true,"restartCount":0,
             "state":{"running":{"startedAt":"2026-01-15T12:00:00Z"}}}]}}
            """,
            Merge
        );
        await api.CreateAsync(
            Core + "services",
            """
            {"metadata":{"name":"primary","labels":{"app":"agnhost"}},
             "spec":{"selector":{"app":"agnhost","role":"primary"},"ports":[{"port":6379}]}}
            """
        );
    }
}
