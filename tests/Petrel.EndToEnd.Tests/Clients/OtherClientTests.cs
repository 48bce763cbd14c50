using k8s;
using k8s.Models;

namespace Petrel.EndToEnd.Tests.Clients;

/// <summary>Clients of other makes and ages.</summary>
[Collection(nameof(ClientCluster))]
public sealed class OtherClientTests(ClientCluster clients)
{
    private const string Manifest = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: old}
        spec:
          replicas: 0
          selector: {matchLabels: {app: old}}
          template: {metadata: {labels: {app: old}}, spec: {containers: [{name: c, image: busybox}]}}
        """;

    [ClientFact("kubectl-1.20")]
    public async Task An_old_kubectl_applies_explains_and_describes()
    {
        var cluster = await clients.GetAsync();
        async Task<string> Old(string line, string? input = null)
        {
            var result = await Shell.RunAsync(
                Path.Combine(ClientFactAttribute.Tools, "kubectl-1.20"),
                line.Split(' '),
                new Dictionary<string, string> { ["KUBECONFIG"] = cluster.Kubeconfig },
                input
            );
            Assert.True(result.ExitCode == 0, $"kubectl 1.20 {line}: {result.Text}");
            return result.Output;
        }

        Assert.Contains("v1.20.2", await Old("version --short"), StringComparison.Ordinal);
        Assert.Contains("deployment.apps/old created", await Old("apply -f -", Manifest), StringComparison.Ordinal);
        Assert.Contains("unchanged", await Old("apply -f -", Manifest), StringComparison.Ordinal);
        Assert.Contains(
            "configured",
            await Old("apply -f -", Manifest.Replace("replicas: 0", "replicas: 0\n  minReadySeconds: 3", StringComparison.Ordinal)),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "FIELD: replicas <integer>",
            (await Old("explain deployment.spec.replicas")).Replace("    ", " ", StringComparison.Ordinal),
            StringComparison.Ordinal
        );
        Assert.Contains("MinReadySeconds:", await Old("describe deployment old"), StringComparison.Ordinal);
        Assert.Contains("deleted", await Old("delete deployment old"), StringComparison.Ordinal);
    }

    [ClientFact("/usr/lib/python3/dist-packages/kubernetes")]
    public async Task The_Python_client_lists_creates_patches_watches_and_deletes()
    {
        var cluster = await clients.GetAsync();
        const string Program = """
            import sys
            from kubernetes import client, config, watch, dynamic
            config.load_kube_config(sys.argv[1])
            core = client.CoreV1Api()
            version = core.list_namespaced_config_map("default", limit=1).metadata.resource_version
            core.create_namespaced_config_map("default", client.V1ConfigMap(metadata=client.V1ObjectMeta(name="python"), data={"a": "1"}))
            core.patch_namespaced_config_map("python", "default", {"data": {"b": "2"}})
            core.delete_namespaced_config_map("python", "default")
            seen = []
            about = dict(field_selector="metadata.name=python", resource_version=version, timeout_seconds=10)
            for event in watch.Watch().stream(core.list_namespaced_config_map, "default", **about):
                seen.append(event["type"] + " " + ",".join(sorted((event["object"].data or {}).keys())))
                if event["type"] == "DELETED":
                    break
            print(seen)
            crds = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version="apps/v1", kind="Deployment")
            print(len(crds.get(namespace="default").items) >= 0)
            try:
                core.read_namespaced_pod("absent", "default")
            except client.ApiException as e:
                print(e.status, e.reason)
            """;

        var result = await Shell.RunAsync("/usr/bin/python3", ["-c", Program, cluster.Kubeconfig]);

        Assert.True(result.ExitCode == 0, result.Text);
        Assert.Equal("['ADDED a', 'MODIFIED a,b', 'DELETED a,b']\nTrue\n404 Not Found\n", result.Output);
    }

    [ClientFact("node/node_modules/@kubernetes/client-node")]
    public async Task The_JavaScript_client_lists_creates_patches_and_informs()
    {
        var cluster = await clients.GetAsync();
        var script = Path.Combine(ClientFactAttribute.Tools, "node", "client-test.mjs");
        await File.WriteAllTextAsync(
            script,
            """
            import * as k8s from '@kubernetes/client-node';
            const config = new k8s.KubeConfig();
            config.loadFromFile(process.argv[2]);
            const core = config.makeApiClient(k8s.CoreV1Api);
            const list = () => core.listNamespacedConfigMap({ namespace: 'default' });
            const informer = k8s.makeInformer(config, '/api/v1/namespaces/default/configmaps', list);
            const seen = [];
            const deleted = new Promise(done => informer.on('delete', o => {
              if (o.metadata.name === 'node') { seen.push('delete'); done(); }
            }));
            const added = new Promise(done => informer.on('add', o => { if (o.metadata.name === 'node') { seen.push('add'); done(); } }));
            await informer.start();
            await core.createNamespacedConfigMap({ namespace: 'default', body: { metadata: { name: 'node' }, data: { a: '1' } } });
            await added;
            const read = await core.readNamespacedConfigMap({ namespace: 'default', name: 'node' });
            await core.replaceNamespacedConfigMap({ namespace: 'default', name: 'node', body: { ...read, data: { a: '2' } } });
            await core.deleteNamespacedConfigMap({ namespace: 'default', name: 'node' });
            await deleted;
            await informer.stop();
            console.log(seen.join(), (await list()).items.some(i => i.metadata.name === 'node'));
            process.exit(0);
            """
        );

        var result = await Shell.RunAsync("node", [script, cluster.Kubeconfig]);

        Assert.True(result.ExitCode == 0, result.Text);
        Assert.Equal("add,delete false\n", result.Output);
    }

    [RootFact]
    public async Task The_DotNet_client_creates_watches_and_deletes()
    {
        var cluster = await clients.GetAsync();
        using var client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(cluster.Kubeconfig));
        var created = await client.CoreV1.CreateNamespacedConfigMapAsync(
            new V1ConfigMap
            {
                Metadata = new V1ObjectMeta { Name = "dotnet" },
                Data = new Dictionary<string, string> { ["a"] = "1" },
            },
            "default"
        );
        created.Data["b"] = "2";
        var replaced = await client.CoreV1.ReplaceNamespacedConfigMapAsync(created, "dotnet", "default");
        Assert.Equal("2", replaced.Data["b"]);
        await client.CoreV1.DeleteNamespacedConfigMapAsync("dotnet", "default");

        var seen = new List<string>();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await foreach (
            var (type, item) in client.CoreV1.WatchListNamespacedConfigMapAsync(
                "default",
                fieldSelector: "metadata.name=dotnet",
                resourceVersion: created.Metadata.ResourceVersion,
                cancellationToken: deadline.Token
            )
        )
        {
            seen.Add($"{type} {item.Metadata.Name}");
            if (type == WatchEventType.Deleted)
            {
                break;
            }
        }
        Assert.Equal(["Modified dotnet", "Deleted dotnet"], seen);
    }
}
