namespace Petrel.EndToEnd.Tests.Clients;

/// <summary>Every command of kubectl that talks to an API server, as people type it.</summary>
[Collection(nameof(ClientCluster))]
public sealed class KubectlTests(ClientCluster clients)
{
    private const string Web = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, labels: {app: web}}
        spec:
          replicas: 1
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              terminationGracePeriodSeconds: 1
              containers: [{name: web, image: busybox, imagePullPolicy: IfNotPresent, command: [sleep, "100000"]}]
        """;

    [RootFact]
    public async Task Objects_are_applied_read_changed_and_deleted()
    {
        var k = await KubectlSession.InNamespaceAsync(clients, "k-objects");

        await k.SaysAsync("deployment.apps/web created", "apply -f -", Web);
        await k.SaysAsync("deployment.apps/web unchanged", "apply -f -", Web);
        await k.SaysAsync(
            "deployment.apps/web configured",
            "apply -f -",
            Web.Replace("replicas: 1", "replicas: 2", StringComparison.Ordinal)
        );
        await k.SaysAsync("successfully rolled out", "rollout status deployment/web --timeout=60s");
        await k.SaysAsync("2/2", "get deployment web");
        await k.SaysAsync("deployment.apps/web", "get all -o name");
        await k.SaysAsync("NODE", "get pods -o wide");
        await k.SaysAsync("\"kind\": \"Deployment\"", "get deployment web -o json");
        await k.SaysAsync("web:2", "get deployment web -o go-template={{.metadata.name}}:{{.spec.replicas}}");
        await k.SaysAsync("web", "get deployments -o custom-columns=N:.metadata.name --no-headers");
        await k.SaysAsync("web", "get pods -l app=web --show-labels --sort-by=.metadata.name");
        await k.SaysAsync("StrategyType:", "describe deployment web");
        await k.SaysAsync("labeled", "label deployment web tier=front");
        await k.SaysAsync("annotated", "annotate deployment web note=x");
        await k.SaysAsync("scaled", "scale deployment web --replicas=1");
        await k.SaysAsync("patched", "patch deployment web -p {\"spec\":{\"minReadySeconds\":1}}");
        await k.SaysAsync("patched", "patch deployment web --type=merge -p {\"metadata\":{\"labels\":{\"a\":\"b\"}}}");
        await k.SaysAsync("patched", "patch deployment web --type=json -p [{\"op\":\"remove\",\"path\":\"/metadata/labels/a\"}]");
        await k.SaysAsync("+ replicas: 5", "diff -f -", Web.Replace("replicas: 1", "replicas: 5", StringComparison.Ordinal), exitCode: 1);
        await k.SaysAsync("serverside-applied", "apply --server-side --force-conflicts -f -", Web);
        await k.SaysAsync("edited", "edit deployment web", environment: new() { ["EDITOR"] = "sed -i s/minReadySeconds:.1/&0/" });
        await k.SaysAsync("10", "get deployment web -o jsonpath={.spec.minReadySeconds}");
        await k.SaysAsync("replaced", "replace -f -", Web.Replace("replicas: 1", "replicas: 0", StringComparison.Ordinal));
        await k.SaysAsync("deleted", "delete deployment web --timeout=60s");
        await k.SaysAsync("No resources found", "get deployments");
    }

    [RootFact]
    public async Task Everything_can_be_created_by_a_subcommand()
    {
        var k = await KubectlSession.InNamespaceAsync(clients, "k-create");

        await k.SaysAsync("created", "create configmap c --from-literal=a=b");
        await k.SaysAsync("created", "create secret generic s --from-literal=a=b");
        await k.SaysAsync("created", "create secret docker-registry d --docker-server=x --docker-username=u --docker-password=p");
        await k.SaysAsync("created", "create serviceaccount robot");
        await k.SaysAsync("created", "create role reader --verb=get,list --resource=pods");
        await k.SaysAsync("created", "create rolebinding readers --role=reader --serviceaccount=k-create:robot");
        await k.SaysAsync("created", "create clusterrole k-create-nodes --verb=get --resource=nodes");
        await k.SaysAsync("created", "create clusterrolebinding k-create-nodes --clusterrole=k-create-nodes --user=jane");
        await k.SaysAsync("created", "create quota q --hard=pods=20,configmaps=10");
        await k.SaysAsync("created", "create deployment d --image=busybox --replicas=0 -- sleep 1");
        await k.SaysAsync("created", "create service clusterip svc --tcp=80:8080");
        await k.SaysAsync("created", "create service nodeport np --tcp=80:8080");
        await k.SaysAsync("created", "create service externalname en --external-name=example.com");
        await k.SaysAsync("created", "create job j --image=busybox -- true");
        await k.SaysAsync("created", "create cronjob cj --image=busybox --schedule=*/5\u00a0*\u00a0*\u00a0*\u00a0* -- true");
        await k.SaysAsync("created", "create ingress i --rule=example.com/=svc:80");
        await k.SaysAsync("created", "create poddisruptionbudget p --selector=app=d --min-available=1");
        await k.SaysAsync("created", "create priorityclass k-create-high --value=1000");
        await k.SaysAsync("autoscaled", "autoscale deployment d --min=1 --max=3 --cpu=50%");
        await k.SaysAsync("exposed", "expose deployment d --port=80 --name=exposed");
        await k.SaysAsync("created", "run r --image=busybox --restart=Never --image-pull-policy=IfNotPresent -- sleep 1");
        await k.SaysAsync("configmaps: 2/10, pods: ", "get quota q");
        await k.SaysAsync("*/5 * * * *", "get cronjob cj");
        await k.SaysAsync("Deployment/d", "get hpa d");
        await k.SaysAsync("example.com", "get ingress i");
        await k.SaysAsync("robot", "describe rolebinding readers");
        await k.SaysAsync("image updated", "set image deployment/d busybox=busybox:2");
        await k.SaysAsync("env updated", "set env deployment/d A=b");
        await k.SaysAsync("resource requirements updated", "set resources deployment/d --requests=cpu=10m");
        await k.SaysAsync("serviceaccount updated", "set serviceaccount deployment/d robot");
        await k.SaysAsync("subjects updated", "set subject rolebinding/readers --user=jane");
    }

    [RootFact]
    public async Task Rollouts_are_followed_paused_and_undone()
    {
        var k = await KubectlSession.InNamespaceAsync(clients, "k-rollout");
        await k.SaysAsync("created", "apply -f -", Web);
        await k.SaysAsync("successfully rolled out", "rollout status deployment/web --timeout=60s");

        await k.SaysAsync("restarted", "rollout restart deployment/web");
        await k.SaysAsync("successfully rolled out", "rollout status deployment/web --timeout=60s");
        await k.SaysAsync("2", "rollout history deployment/web");
        await k.SaysAsync("paused", "rollout pause deployment/web");
        await k.SaysAsync("resumed", "rollout resume deployment/web");
        await k.SaysAsync("rolled back", "rollout undo deployment/web");
        await k.SaysAsync("condition met", "wait --for=condition=Available deployment/web --timeout=60s");
        await k.SaysAsync("condition met", "wait --for=jsonpath={.status.readyReplicas}=1 deployment/web --timeout=60s");
        await k.SaysAsync("ScalingReplicaSet", "events --for deployment/web");
        await k.SaysAsync("ScalingReplicaSet", "get events");
    }

    [RootFact]
    public async Task The_server_tells_what_it_is_and_has()
    {
        var k = await KubectlSession.InNamespaceAsync(clients, "k-about");

        await k.SaysAsync("Server Version: v1.35", "version");
        await k.SaysAsync("is running at", "cluster-info");
        await k.SaysAsync("statefulsets", "api-resources --api-group=apps");
        await k.SaysAsync("certificates.k8s.io/v1", "api-versions");
        await k.SaysAsync("hostIPC", "explain pod.spec --recursive");
        await k.SaysAsync("Use the host's ipc namespace", "explain pod.spec.hostIPC");
        await k.SaysAsync("<HorizontalPodAutoscalerBehavior>", "explain hpa.spec --api-version=autoscaling/v2");
        await k.SaysAsync("kubernetes-admin", "auth whoami");
        await k.SaysAsync("yes", "auth can-i create pods");
        await k.SaysAsync("*.*", "auth can-i --list");
        await k.SaysAsync("current-context", "config view");
        await k.SaysAsync(
            "unknown field \"spec.replcas\"",
            "apply -f -",
            Web.Replace("replicas", "replcas", StringComparison.Ordinal),
            exitCode: 1
        );
        await k.SaysAsync("NotFound", "get pod absent", exitCode: 1);
        await k.SaysAsync("kustomized", "kustomize " + await KustomizationAsync());
    }

    [RootFact]
    public async Task Nodes_are_tainted_cordoned_and_drained()
    {
        var k = await KubectlSession.InNamespaceAsync(clients, "k-nodes");
        await k.SaysAsync("created", "apply -f -", Web);
        await k.SaysAsync("successfully rolled out", "rollout status deployment/web --timeout=60s");

        await k.SaysAsync("cordoned", "cordon node-1");
        await k.SaysAsync("SchedulingDisabled", "get nodes");
        await k.SaysAsync(
            "drained",
            "drain node-1 --ignore-daemonsets --delete-emptydir-data --force --pod-selector=app=web --timeout=60s"
        );
        await k.SaysAsync("uncordoned", "uncordon node-1");
        await k.SaysAsync("tainted", "taint node node-1 a=b:PreferNoSchedule");
        await k.SaysAsync("untainted", "taint node node-1 a:PreferNoSchedule-");
        await k.SaysAsync("Allocatable", "describe node node-1");
    }

    [RootFact]
    public async Task Custom_resources_are_like_any_other()
    {
        var k = await KubectlSession.InNamespaceAsync(clients, "k-custom");
        const string Definition = """
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: {name: tabs.e2e.example.com}
            spec:
              group: e2e.example.com
              scope: Namespaced
              names: {plural: tabs, kind: Tab, shortNames: [tb]}
              versions:
              - name: v1
                served: true
                storage: true
                additionalPrinterColumns: [{name: Size, type: integer, jsonPath: .spec.size}]
                schema:
                  openAPIV3Schema:
                    type: object
                    properties:
                      spec:
                        type: object
                        properties: {size: {type: integer, description: How big it is., default: 3, maximum: 9}}
            """;

        await k.SaysAsync("created", "apply -f -", Definition);
        await k.SaysAsync("condition met", "wait --for=condition=Established crd/tabs.e2e.example.com --timeout=20s");
        await k.SaysAsync("created", "apply -f -", "{apiVersion: e2e.example.com/v1, kind: Tab, metadata: {name: t}, spec: {}}");
        await k.SaysAsync("SIZE", "get tb");
        await k.SaysAsync("How big it is", "explain tab.spec.size");
        await k.SaysAsync(
            "should be less than or equal to 9",
            "apply -f -",
            "{apiVersion: e2e.example.com/v1, kind: Tab, metadata: {name: t}, spec: {size: 10}}",
            exitCode: 1
        );
        await k.SaysAsync("deleted", "delete crd tabs.e2e.example.com --timeout=60s");
        await k.SaysAsync("the server", "get tabs", exitCode: 1);
    }

    private static async Task<string> KustomizationAsync()
    {
        var folder = Directory.CreateTempSubdirectory("petrel-kustomize-").FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "map.yaml"), "{apiVersion: v1, kind: ConfigMap, metadata: {name: m}}");
        await File.WriteAllTextAsync(Path.Combine(folder, "kustomization.yaml"), "resources: [map.yaml]\nnamePrefix: kustomized-\n");
        return folder;
    }
}
