namespace Petrel.EndToEnd.Tests.Clients;

/// <summary>Jobs, CronJobs and ReplicationControllers with real containers, as people run them with kubectl.</summary>
[Collection(nameof(ClientCluster))]
public sealed class JobTests(ClientCluster clients)
{
    [RootFact]
    public async Task A_job_runs_to_its_end_and_says_so()
    {
        var k = await KubectlSession.InNamespaceAsync(clients, "k-job");

        await CreateAsync(k, "job.batch/hello created", "create job hello --image=busybox --dry-run=client -o json -- echo done");
        await k.SaysAsync("condition met", "wait job/hello --for=condition=complete --timeout=60s");
        await k.SaysAsync("done", "logs job/hello");
        await k.SaysAsync("hello Complete 1/1", "get jobs");
        await k.SaysAsync("Normal Completed", "describe job hello");
        await k.SaysAsync("Completed", "get pods -l job-name=hello");
        await k.SaysAsync("deleted", "delete job hello --timeout=60s");
        await k.SaysAsync("No resources found", "get pods");
    }

    [RootFact]
    public async Task Each_pod_of_an_indexed_job_does_its_part()
    {
        var k = await KubectlSession.InNamespaceAsync(clients, "k-indexed");

        await k.SaysAsync(
            "created",
            "apply -f -",
            """
            apiVersion: batch/v1
            kind: Job
            metadata: {name: parts}
            spec:
              completions: 4
              parallelism: 2
              completionMode: Indexed
              template:
                spec:
                  restartPolicy: Never
                  containers:
                  - name: main
                    image: busybox
                    imagePullPolicy: IfNotPresent
                    command: [sh, -c, "echo part $JOB_COMPLETION_INDEX of $(hostname)"]
            """
        );
        await k.SaysAsync("condition met", "wait job/parts --for=condition=complete --timeout=120s");
        await k.SaysAsync("0-3 4", "get job parts -o jsonpath={.status.completedIndexes}\u00a0{.status.succeeded}");
        for (var index = 0; index < 4; index++)
        {
            await k.SaysAsync($"part {index} of parts-{index}", $"logs -l batch.kubernetes.io/job-completion-index={index}");
        }
    }

    [RootFact]
    public async Task A_job_fails_by_the_exit_code_of_its_pod()
    {
        var k = await KubectlSession.InNamespaceAsync(clients, "k-failing");

        await k.SaysAsync(
            "created",
            "apply -f -",
            """
            apiVersion: batch/v1
            kind: Job
            metadata: {name: bad}
            spec:
              podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {operator: In, values: [42]}}]}
              template:
                spec:
                  restartPolicy: Never
                  containers: [{name: main, image: busybox, imagePullPolicy: IfNotPresent, command: [sh, -c, exit 42]}]
            """
        );
        await k.SaysAsync("condition met", "wait job/bad --for=condition=failed --timeout=60s");
        await k.SaysAsync("bad Failed 0/1", "get jobs");
        await k.SaysAsync("failed with exit code 42 matching FailJob rule at index 0", "describe job bad");
    }

    [RootFact]
    public async Task A_cronjob_starts_jobs_and_one_is_made_from_it_by_hand()
    {
        var k = await KubectlSession.InNamespaceAsync(clients, "k-cron");

        await CreateAsync(
            k,
            "created",
            "create cronjob tick --image=busybox --schedule=@every\u00a02s --dry-run=client -o json -- echo tick"
        );
        await k.SaysAsync("condition met", "wait cronjob/tick --for=jsonpath={.status.lastSuccessfulTime} --timeout=90s");
        await k.SaysAsync("SawCompletedJob", "describe cronjob tick");
        await k.SaysAsync("patched", "patch cronjob tick -p {\"spec\":{\"suspend\":true}}");
        await k.SaysAsync("@every 2s <none> True", "get cronjobs");
        await k.SaysAsync("created", "create job byhand --from=cronjob/tick");
        await k.SaysAsync("condition met", "wait job/byhand --for=condition=complete --timeout=60s");
        await k.SaysAsync("tick", "logs job/byhand");
        await k.SaysAsync("deleted", "delete cronjob tick --timeout=60s");
        await k.SaysAsync("", "wait pods --all --for=delete --timeout=60s");
    }

    [RootFact]
    public async Task A_replication_controller_is_scaled()
    {
        var k = await KubectlSession.InNamespaceAsync(clients, "k-rc");

        await k.SaysAsync(
            "created",
            "apply -f -",
            """
            apiVersion: v1
            kind: ReplicationController
            metadata: {name: old}
            spec:
              replicas: 1
              selector: {app: old}
              template:
                metadata: {labels: {app: old}}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers: [{name: main, image: busybox, imagePullPolicy: IfNotPresent, command: [sleep, "100000"]}]
            """
        );
        await k.SaysAsync("scaled", "scale rc old --replicas=2 --timeout=60s");
        await k.SaysAsync("condition met", "wait rc/old --for=jsonpath={.status.readyReplicas}=2 --timeout=60s");
        await k.SaysAsync("old 2 2 2", "get rc");
        await k.SaysAsync("deleted", "delete rc old --timeout=60s");
    }

    // What kubectl would create, with images that are only on the nodes.
    private static async Task CreateAsync(KubectlSession k, string expected, string line)
    {
        var manifest = await k.SaysAsync("busybox", line);
        await k.SaysAsync(
            expected,
            "create -f -",
            manifest.Replace(
                "\"image\": \"busybox\"",
                "\"image\": \"busybox\", \"imagePullPolicy\": \"IfNotPresent\"",
                StringComparison.Ordinal
            )
        );
    }
}
