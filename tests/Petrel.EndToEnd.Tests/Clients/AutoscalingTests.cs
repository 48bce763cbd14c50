namespace Petrel.EndToEnd.Tests.Clients;

/// <summary>What pods use, measured on real containers, and what autoscalers make of it.</summary>
[Collection(nameof(ClientCluster))]
public sealed class AutoscalingTests(ClientCluster clients)
{
    // Busy with all that its limit allows: twice what it requests.
    private const string Burner = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: burner}
        spec:
          replicas: 1
          selector: {matchLabels: {app: burner}}
          template:
            metadata: {labels: {app: burner}}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: main
                image: busybox
                imagePullPolicy: IfNotPresent
                command: [sh, -c, "while true; do :; done"]
                resources: {requests: {cpu: 50m}, limits: {cpu: 100m}}
        """;

    [RootFact]
    public async Task A_busy_deployment_is_shown_by_top_and_scaled_up()
    {
        var k = await KubectlSession.InNamespaceAsync(clients, "k-autoscaling");
        await k.SaysAsync("created", "apply -f -", Burner);
        await k.SaysAsync("autoscaled", "autoscale deployment burner --min=1 --max=3 --cpu=50%");

        await Eventually.TrueAsync(
            "its pod is measured",
            async () => (await k.TryAsync("top pods --no-headers")).Output.Contains("burner-", StringComparison.Ordinal),
            TimeSpan.FromSeconds(90)
        );
        await k.SaysAsync("Mi", "top pods --containers");
        await k.SaysAsync("node-1", "top nodes");
        await Eventually.TrueAsync(
            "it is scaled to its maximum",
            async () => (await k.TryAsync("get deployment burner -o jsonpath={.spec.replicas}")).Output == "3",
            TimeSpan.FromSeconds(90)
        );
        await k.SaysAsync("/50%", "get hpa burner");
        await k.SaysAsync("SuccessfulRescale", "describe hpa burner");
        await k.SaysAsync("burner", "get pods.metrics.k8s.io");
    }
}
