namespace Petrel.EndToEnd.Tests.Clients;

/// <summary>
/// StatefulSets and DaemonSets on real containers, with the commands that people use on them: the manifests of <c>examples/sets</c>.
/// </summary>
[Collection(nameof(ClientCluster))]
public sealed class SetsTests(ClientCluster clients)
{
    private static readonly string Manifests = Path.Combine(Shell.Root, "examples", "sets");

    [RootFact]
    public async Task A_stateful_set_is_rolled_out_restarted_scaled_and_rolled_back()
    {
        var k = await KubectlSession.InNamespaceAsync(clients, "k-stateful");
        await k.SaysAsync("statefulset.apps/web created", $"apply -f {Manifests}/statefulset.yaml");
        await k.SaysAsync("roll out complete: 3 new pods have been updated", "rollout status sts/web --timeout=90s");
        await k.SaysAsync("web 3/3", "get sts");
        // Its host name is its own, and stays when the pod does not.
        await k.SaysAsync("I am web-1", "logs web-1");
        await k.SaysAsync("deleted", "delete pod web-1 --timeout=60s");
        await EventuallySaysAsync(k, "I am web-1", "logs web-1");
        await k.SaysAsync("roll out complete: 3 new pods have been updated", "rollout status sts/web --timeout=60s");

        await k.SaysAsync("env updated", "set env sts/web VERSION=2");
        await k.SaysAsync("roll out complete: 3 new pods have been updated", "rollout status sts/web --timeout=120s");
        await EventuallySaysAsync(k, "2 2 2", Versions("web"));
        var history = await k.SaysAsync("REVISION", "rollout history sts/web");
        Assert.Equal(["1", "2"], Revisions(history));
        await k.SaysAsync("VERSION:", "rollout history sts/web --revision=2");
        await k.SaysAsync("rolled back", "rollout undo sts/web");
        await k.SaysAsync("roll out complete: 3 new pods have been updated", "rollout status sts/web --timeout=120s");
        await EventuallySaysAsync(k, "", Versions("web"));
        Assert.Equal(["2", "3"], Revisions(await k.SaysAsync("REVISION", "rollout history sts/web")));
        await k.SaysAsync("skipped rollback", "rollout undo sts/web --to-revision=3");

        await k.SaysAsync("restarted", "rollout restart sts/web");
        await k.SaysAsync("roll out complete: 3 new pods have been updated", "rollout status sts/web --timeout=120s");
        await k.SaysAsync("scaled", "scale sts web --replicas=1");
        await EventuallySaysAsync(k, "pod/web-0", "get pods -l app=web -o name");
        await k.SaysAsync("web 1/1", "get sts");
        await k.SaysAsync("create Pod web-0 in StatefulSet web successful", "describe sts web");
        await k.SaysAsync("deleted", "delete sts web --timeout=60s");
        await EventuallySaysAsync(k, "", "get controllerrevisions,pods -o name");
    }

    [RootFact]
    public async Task A_daemon_set_is_rolled_out_restarted_and_rolled_back()
    {
        var k = await KubectlSession.InNamespaceAsync(clients, "k-daemon");
        await k.SaysAsync("daemonset.apps/agent created", $"apply -f {Manifests}/daemonset.yaml");
        await k.SaysAsync("daemon set \"agent\" successfully rolled out", "rollout status ds/agent --timeout=90s");
        await k.SaysAsync("agent 1 1 1 1 1 <none>", "get ds");
        await k.SaysAsync("node-1", "get pods -l app=agent -o wide");

        await k.SaysAsync("env updated", "set env ds/agent VERSION=2");
        await k.SaysAsync("successfully rolled out", "rollout status ds/agent --timeout=90s");
        Assert.Equal(["1", "2"], Revisions(await k.SaysAsync("REVISION", "rollout history ds/agent")));
        await k.SaysAsync("VERSION:", "rollout history ds/agent --revision=2");
        await k.SaysAsync("rolled back", "rollout undo ds/agent --to-revision=1");
        await k.SaysAsync("successfully rolled out", "rollout status ds/agent --timeout=90s");
        // The old pod may still be ending.
        await EventuallySaysAsync(k, "", Versions("agent"));
        Assert.Equal(["2", "3"], Revisions(await k.SaysAsync("REVISION", "rollout history ds/agent")));
        await k.SaysAsync("skipped rollback", "rollout undo ds/agent --to-revision=3");
        await k.SaysAsync("restarted", "rollout restart ds/agent");
        await k.SaysAsync("successfully rolled out", "rollout status ds/agent --timeout=90s");
        await k.SaysAsync("Created pod: agent-", "describe ds agent");
        await k.SaysAsync("deleted", "delete ds agent --timeout=60s");
        await EventuallySaysAsync(k, "", "get controllerrevisions,pods -o name");
    }

    private static Task EventuallySaysAsync(KubectlSession k, string all, string line) =>
        Eventually.TrueAsync(
            $"'{line}' says '{all}'",
            async () => (await k.TryAsync(line)).Output.Trim() == all,
            TimeSpan.FromSeconds(60),
            async () => (await k.TryAsync(line)).Text
        );

    // The variable in each pod.
    private static string Versions(string app) =>
        $"get pods -l app={app} -o jsonpath={{.items[*].spec.containers[0].env[?(@.name==\"VERSION\")].value}}";

    private static List<string> Revisions(string history) =>
        [.. history.Split('\n').Select(line => line.Split(' ')[0]).Where(word => int.TryParse(word, out _))];
}
