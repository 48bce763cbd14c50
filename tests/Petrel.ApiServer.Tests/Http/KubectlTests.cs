using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;

namespace Petrel.ApiServer.Tests.Http;

/// <summary>What people do with kubectl, done by the real one.</summary>
public sealed class KubectlTests
{
    private const string Web = """
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
        spec:
          replicas: 2
          selector:
            matchLabels: {app: web}
          template:
            metadata:
              labels: {app: web}
            spec:
              containers:
              - name: nginx
                image: nginx:1.27
                ports:
                - containerPort: 80
              - name: helper
                image: busybox:1
        ---
        apiVersion: v1
        kind: Service
        metadata:
          name: web
        spec:
          selector: {app: web}
          ports:
          - port: 80
        """;

    private const string Pod = """
        apiVersion: v1
        kind: Pod
        metadata:
          name: one
          labels: {app: one}
        spec:
          containers:
          - name: main
            image: busybox
        """;

    [KubectlFact]
    public async Task Apply_creates_then_leaves_alone_then_changes()
    {
        await using var front = await TestFront.StartAsync();
        var kubectl = new Kubectl(front.WriteKubeconfig());

        Assert.Equal("deployment.apps/web created\nservice/web created\n", await kubectl.RunAsync("apply -f -", Web));
        Assert.Equal("deployment.apps/web unchanged\nservice/web unchanged\n", await kubectl.RunAsync("apply -f -", Web));
        var changed = Web.Replace("nginx:1.27", "nginx:1.28", StringComparison.Ordinal)
            .Replace("replicas: 2", "replicas: 3", StringComparison.Ordinal);
        Assert.Equal("deployment.apps/web configured\nservice/web unchanged\n", await kubectl.RunAsync("apply -f -", changed));

        // The list merged by name: the other container is still there.
        Assert.Equal(
            "nginx:1.28 busybox:1/3",
            await kubectl.RunAsync("get deployment web -o jsonpath={.spec.template.spec.containers[*].image}/{.spec.replicas}")
        );
        // A member that is left out of the manifest goes.
        await kubectl.RunAsync(
            "apply -f -",
            changed.Replace("      - name: helper\n        image: busybox:1\n", "", StringComparison.Ordinal)
        );
        Assert.Equal("nginx:1.28", await kubectl.RunAsync("get deployment web -o jsonpath={.spec.template.spec.containers[*].image}"));
    }

    [KubectlFact]
    public async Task Get_shows_the_servers_columns()
    {
        await using var front = await TestFront.StartAsync();
        var kubectl = new Kubectl(front.WriteKubeconfig());
        await kubectl.RunAsync("create -f -", Pod);

        Assert.Equal(["NAME", "READY", "STATUS", "RESTARTS", "AGE"], Words(await kubectl.RunAsync("get pods"))[0]);
        Assert.Equal(["one", "0/1", "Pending", "0"], Words(await kubectl.RunAsync("get po"))[1][..4]);
        Assert.Equal(["<none>", "<none>", "<none>", "<none>"], Words(await kubectl.RunAsync("get pods -o wide"))[1][5..]);
        Assert.Equal(["NAMESPACE", "NAME"], Words(await kubectl.RunAsync("get pods -A"))[0][..2]);
        Assert.Equal("pod/one\n", await kubectl.RunAsync("get all -l app=one -o name"));
        Assert.Equal("", await kubectl.RunAsync("get pods --field-selector status.phase=Running -o name"));
        Assert.Contains("kube-system", await kubectl.RunAsync("get ns"), StringComparison.Ordinal);
        Assert.Contains("nodes", await kubectl.RunAsync("api-resources"), StringComparison.Ordinal);
        Assert.Contains("(NotFound)", await kubectl.FailAsync("get pod two"), StringComparison.Ordinal);
    }

    [KubectlFact]
    public async Task Single_commands_do_what_they_say()
    {
        await using var front = await TestFront.StartAsync();
        var kubectl = new Kubectl(front.WriteKubeconfig());
        await kubectl.RunAsync("create deployment d --image=nginx:1");

        Assert.Equal("deployment.apps/d scaled\n", await kubectl.RunAsync("scale deployment d --replicas=4"));
        Assert.Equal("deployment.apps/d labeled\n", await kubectl.RunAsync("label deployment d tier=front"));
        Assert.Equal("deployment.apps/d annotated\n", await kubectl.RunAsync("annotate deployment d note=hello"));
        Assert.Equal("deployment.apps/d image updated\n", await kubectl.RunAsync("set image deployment/d nginx=nginx:2"));
        Assert.Equal(
            "deployment.apps/d patched\n",
            await kubectl.RunAsync("patch deployment d --type=merge -p {\\\"spec\\\":{\\\"paused\\\":true}}")
        );
        Assert.Equal("deployment.apps/d resumed\n", await kubectl.RunAsync("rollout resume deployment d"));
        Assert.Equal("deployment.apps/d restarted\n", await kubectl.RunAsync("rollout restart deployment d"));
        Assert.Equal("service/d exposed\n", await kubectl.RunAsync("expose deployment d --port=80"));
        await kubectl.RunAsync("create configmap c --from-literal=a=b");
        await kubectl.RunAsync("create secret generic s --from-literal=a=b");
        await kubectl.RunAsync("create namespace n");
        await kubectl.RunAsync("create serviceaccount sa");
        await kubectl.RunAsync("run r --image=busybox");
        var d = JsonNode.Parse(await kubectl.RunAsync("get deployment d -o json"))!;

        Assert.Equal(4, (int)d["spec"]!["replicas"]!);
        Assert.Equal("front", (string?)d["metadata"]!["labels"]!["tier"]);
        Assert.Equal("hello", (string?)d["metadata"]!["annotations"]!["note"]);
        Assert.Equal("nginx:2", (string?)d["spec"]!["template"]!["spec"]!["containers"]![0]!["image"]);
        Assert.Equal("Yg==", await kubectl.RunAsync("get secret s -o jsonpath={.data.a}"));
        Assert.Contains("Replicas:", await kubectl.RunAsync("describe deployment d"), StringComparison.Ordinal);
        Assert.Contains("QoS Class:", await kubectl.RunAsync("describe pod r"), StringComparison.Ordinal);
        Assert.Contains("Cluster", await kubectl.RunAsync("describe service d"), StringComparison.Ordinal);
        Assert.StartsWith("pod \"r\" deleted", await kubectl.RunAsync("delete pod r --timeout=20s"), StringComparison.Ordinal);
        Assert.Contains("NotFound", await kubectl.FailAsync("get pod r"), StringComparison.Ordinal);
    }

    [KubectlFact]
    public async Task Rollout_status_waits_until_the_deployment_is_done()
    {
        await using var front = await TestFront.StartAsync();
        var kubectl = new Kubectl(front.WriteKubeconfig());
        await kubectl.RunAsync("create deployment d --image=nginx:1");
        var waiting = kubectl.RunAsync("rollout status deployment d --timeout=30s");
        var reached = kubectl.RunAsync("wait --for=condition=Available deployment d --timeout=30s");

        await kubectl.RunAsync(
            "patch deployment d --subresource=status --type=merge -p "
                + "{\\\"status\\\":{\\\"observedGeneration\\\":1,\\\"replicas\\\":1,\\\"updatedReplicas\\\":1,"
                + "\\\"readyReplicas\\\":1,\\\"availableReplicas\\\":1,"
                + "\\\"conditions\\\":[{\\\"type\\\":\\\"Available\\\",\\\"status\\\":\\\"True\\\"}]}}"
        );

        Assert.Contains("successfully rolled out", await waiting, StringComparison.Ordinal);
        Assert.Contains("condition met", await reached, StringComparison.Ordinal);
    }

    [KubectlFact]
    public async Task Explain_knows_the_fields()
    {
        await using var front = await TestFront.StartAsync();
        var kubectl = new Kubectl(front.WriteKubeconfig());

        var spec = await kubectl.RunAsync("explain pod.spec");
        Assert.Contains("KIND:       Pod", spec, StringComparison.Ordinal);
        Assert.Contains("containers\t<[]Container> -required-", spec, StringComparison.Ordinal);
        Assert.Contains(
            "maxSurge\t<IntOrString>",
            await kubectl.RunAsync("explain deployment.spec.strategy.rollingUpdate"),
            StringComparison.Ordinal
        );
        Assert.Contains("GROUP:      coordination.k8s.io", await kubectl.RunAsync("explain lease --recursive"), StringComparison.Ordinal);
    }

    [KubectlFact]
    public async Task Mistakes_are_named()
    {
        await using var front = await TestFront.StartAsync();
        var kubectl = new Kubectl(front.WriteKubeconfig());

        Assert.Contains(
            "unknown field \"spec.contaners\"",
            await kubectl.FailAsync("apply -f -", Pod.Replace("containers", "contaners", StringComparison.Ordinal)),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "spec.containers[0].image: Required value",
            await kubectl.FailAsync("create -f -", Pod.Replace("image: busybox", "tty: true", StringComparison.Ordinal)),
            StringComparison.Ordinal
        );
        await kubectl.RunAsync("create -f -", Pod);
        Assert.Contains(
            "pod updates may not change fields other than",
            await kubectl.FailAsync("apply -f -", Pod + "\n    command: [sh]"),
            StringComparison.Ordinal
        );
        Assert.Contains("(AlreadyExists)", await kubectl.FailAsync("create -f -", Pod), StringComparison.Ordinal);
    }

    [KubectlFact]
    public async Task Dry_runs_change_nothing()
    {
        await using var front = await TestFront.StartAsync();
        var kubectl = new Kubectl(front.WriteKubeconfig());

        Assert.Equal("pod/one created (server dry run)\n", await kubectl.RunAsync("apply --dry-run=server -f -", Pod));
        Assert.Equal("", await kubectl.RunAsync("get pods -o name"));
        await kubectl.RunAsync("diff -f -", "apiVersion: v1\nkind: Namespace\nmetadata: {name: default}\n");
    }

    private static string[][] Words(string table) =>
        [.. table.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))];
}
