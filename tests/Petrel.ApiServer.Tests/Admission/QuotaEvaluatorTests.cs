using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.Model.Quotas;

namespace Petrel.ApiServer.Tests.Admission;

public sealed class QuotaEvaluatorTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Theory]
    [InlineData(
        """{"spec":{"containers":[{"resources":{"requests":{"cpu":"100m","memory":"1Gi"},"limits":{"cpu":"1"}}},"""
            + """{"resources":{"requests":{"cpu":"200m"}}}]}}""",
        "count/pods=1,cpu=300m,limits.cpu=1,memory=1Gi,pods=1,requests.cpu=300m,requests.memory=1Gi"
    )]
    [InlineData(
        """{"spec":{"containers":[{"resources":{"requests":{"cpu":"1"}}}],"initContainers":[{"resources":{"requests":{"cpu":"3"}}}]}}""",
        "count/pods=1,cpu=3,pods=1,requests.cpu=3"
    )]
    [InlineData(
        """{"spec":{"containers":[{"resources":{"requests":{"cpu":"1"}}}],"initContainers":["""
            + """{"restartPolicy":"Always","resources":{"requests":{"cpu":"3"}}},{"resources":{"requests":{"cpu":"500m"}}}]}}""",
        "count/pods=1,cpu=4,pods=1,requests.cpu=4"
    )]
    [InlineData(
        """{"spec":{"overhead":{"cpu":"250m"},"containers":[{"resources":{"requests":{"cpu":"1"},"limits":{"memory":"1Gi"}}}]}}""",
        "count/pods=1,cpu=1250m,limits.memory=1Gi,pods=1,requests.cpu=1250m"
    )]
    [InlineData(
        """{"spec":{"resources":{"requests":{"cpu":"5"}},"containers":[{"resources":{"requests":{"cpu":"1"}}}]}}""",
        "count/pods=1,cpu=5,pods=1,requests.cpu=5"
    )]
    [InlineData(
        """{"spec":{"containers":[{"resources":{"requests":"""
            + """{"nvidia.com/gpu":"2","hugepages-2Mi":"4Mi","ephemeral-storage":"1Gi"},"limits":{"ephemeral-storage":"2Gi"}}}]}}""",
        "count/pods=1,ephemeral-storage=1Gi,hugepages-2Mi=4Mi,limits.ephemeral-storage=2Gi,pods=1,"
            + "requests.ephemeral-storage=1Gi,requests.hugepages-2Mi=4Mi,requests.nvidia.com/gpu=2"
    )]
    [InlineData("""{"status":{"phase":"Failed"},"spec":{"containers":[{"resources":{"requests":{"cpu":"1"}}}]}}""", "count/pods=1")]
    [InlineData(
        """{"metadata":{"deletionTimestamp":"2026-01-02T03:03:00Z","deletionGracePeriodSeconds":30},"spec":{"containers":[]}}""",
        "count/pods=1"
    )]
    [InlineData(
        """{"metadata":{"deletionTimestamp":"2026-01-02T03:04:00Z","deletionGracePeriodSeconds":30},"spec":{"containers":[]}}""",
        "count/pods=1,pods=1"
    )]
    public void A_pod_uses_what_it_may_take_while_it_may_run(string pod, string usage) => Assert.Equal(usage, Usage("", "pods", pod));

    [Theory]
    [InlineData("""{"spec":{"type":"ClusterIP","ports":[{},{}]}}""", 0, 0)]
    [InlineData("""{"spec":{"type":"NodePort","ports":[{},{}]}}""", 0, 2)]
    [InlineData("""{"spec":{"type":"LoadBalancer","ports":[{},{}]}}""", 1, 2)]
    [InlineData("""{"spec":{"type":"LoadBalancer","allocateLoadBalancerNodePorts":false,"ports":[{},{"nodePort":30000}]}}""", 1, 1)]
    public void A_service_uses_node_ports_and_load_balancers(string service, int balancers, int ports) =>
        Assert.Equal(
            $"count/services=1,services=1,services.loadbalancers={balancers},services.nodeports={ports}",
            Usage("", "services", service)
        );

    [Theory]
    [InlineData(
        """{"spec":{"resources":{"requests":{"storage":"1Gi"}}}}""",
        "count/persistentvolumeclaims=1,persistentvolumeclaims=1,requests.storage=1Gi"
    )]
    [InlineData(
        """{"spec":{"storageClassName":"gold","resources":{"requests":{"storage":"1Gi"}}},"status":{"allocatedResources":"""
            + """{"storage":"2Gi"}}}""",
        "count/persistentvolumeclaims=1,gold.storageclass.storage.k8s.io/persistentvolumeclaims=1,"
            + "gold.storageclass.storage.k8s.io/requests.storage=2Gi,persistentvolumeclaims=1,requests.storage=2Gi"
    )]
    public void A_claim_uses_storage_by_class(string claim, string usage) =>
        Assert.Equal(usage, Usage("", "persistentvolumeclaims", claim));

    [Theory]
    [InlineData("", "secrets", "count/secrets=1,secrets=1")]
    [InlineData("", "configmaps", "configmaps=1,count/configmaps=1")]
    [InlineData("apps", "deployments", "count/deployments.apps=1")]
    [InlineData("", "serviceaccounts", "count/serviceaccounts=1")]
    public void Anything_else_is_counted(string group, string plural, string usage) => Assert.Equal(usage, Usage(group, plural, "{}"));

    [Theory]
    [InlineData("requests.cpu", "", "pods")]
    [InlineData("requests.nvidia.com/gpu", "", "pods")]
    [InlineData("hugepages-2Mi", "", "pods")]
    [InlineData("services.nodeports", "", "services")]
    [InlineData("requests.storage", "", "persistentvolumeclaims")]
    [InlineData("gold.storageclass.storage.k8s.io/requests.storage", "", "persistentvolumeclaims")]
    [InlineData("secrets", "", "secrets")]
    [InlineData("count/jobs.batch", "batch", "jobs")]
    [InlineData("count/pods", "", "pods")]
    public void A_limit_names_what_it_counts(string resource, string group, string plural)
    {
        Assert.Equal((group, plural), QuotaEvaluators.Counted(resource));
        Assert.True(QuotaEvaluators.For(group, plural)!.Counts(resource));
    }

    [Theory]
    [InlineData("Terminating", "Exists", "", false)]
    [InlineData("NotTerminating", "Exists", "", true)]
    [InlineData("BestEffort", "Exists", "", true)]
    [InlineData("NotBestEffort", "Exists", "", false)]
    [InlineData("PriorityClass", "Exists", "", true)]
    [InlineData("PriorityClass", "DoesNotExist", "", false)]
    [InlineData("PriorityClass", "In", "high", true)]
    [InlineData("PriorityClass", "NotIn", "high", false)]
    [InlineData("PriorityClass", "In", "low", false)]
    [InlineData("CrossNamespacePodAffinity", "Exists", "", true)]
    public void A_scope_chooses_pods(string scope, string op, string value, bool meets)
    {
        var pod = Parse(
            """
            {"spec":{"priorityClassName":"high","containers":[{"name":"c"}],"affinity":{"podAffinity":{
              "requiredDuringSchedulingIgnoredDuringExecution":[{"namespaces":["other"]}]}}}}
            """
        );

        Assert.Equal(meets, QuotaEvaluators.For("", "pods")!.Meets(new(scope, op, value.Length > 0 ? [value] : []), pod));
    }

    [Theory]
    [InlineData("pods=5", "pods=5", "Refused", "exceeded quota: q, requested: pods=1, used: pods=5, limited: pods=5")]
    [InlineData("pods=5", "pods=4", "Charged", "")]
    [InlineData("pods=5,requests.cpu=1", "pods=4,requests.cpu=0", "Refused", "failed quota: q: must specify requests.cpu for: a,b")]
    [InlineData(
        "limits.cpu=1,memory=1",
        "limits.cpu=0,memory=0",
        "Refused",
        "failed quota: q: must specify limits.cpu for: a,b; memory for: a,b"
    )]
    [InlineData("pods=5", "", "Refused", "status unknown for quota: q, resources: pods")]
    [InlineData("services=0", "services=0", "Unconcerned", "")]
    public void A_quota_allows_or_refuses_in_upstreams_words(string hard, string used, string outcome, string problem)
    {
        var quota = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "q" },
            ["spec"] = new JsonObject { ["hard"] = Amounts(hard) },
            ["status"] = new JsonObject { ["hard"] = Amounts(hard), ["used"] = Amounts(used) },
        };

        var charge = QuotaCharge.Of(
            quota,
            QuotaEvaluators.For("", "pods")!,
            Parse("""{"spec":{"containers":[{"name":"b"},{"name":"a"}]}}"""),
            null,
            Now
        );

        Assert.Equal(outcome, charge.Outcome.ToString());
        Assert.Equal(problem, charge.Problem);
    }

    [Fact]
    public void A_quota_that_is_not_in_force_yet_notices_what_it_will_count()
    {
        var quota = Parse("""{"metadata":{"name":"q"},"spec":{"hard":{"pods":"1"}},"status":{}}""");

        var pod = QuotaCharge.Of(quota, QuotaEvaluators.For("", "pods")!, Parse("""{"spec":{"containers":[]}}"""), null, Now);
        var secret = QuotaCharge.Of(quota, QuotaEvaluators.For("", "secrets")!, [], null, Now);

        Assert.Equal(QuotaOutcome.Observed, pod.Outcome);
        Assert.Equal(QuotaOutcome.Unconcerned, secret.Outcome);
    }

    [Fact]
    public void A_change_is_charged_what_it_adds()
    {
        var quota = Parse(
            """
            {"metadata":{"name":"q"},"status":{"hard":{"services":"1","services.nodeports":"1"},"used":{"services":"1",
            "services.nodeports":"0"}}}
            """
        );
        var evaluator = QuotaEvaluators.For("", "services")!;
        var plain = Parse("""{"spec":{"type":"ClusterIP","ports":[{}]}}""");

        var fits = QuotaCharge.Of(quota, evaluator, Parse("""{"spec":{"type":"NodePort","ports":[{}]}}"""), plain, Now);
        var exceeds = QuotaCharge.Of(quota, evaluator, Parse("""{"spec":{"type":"NodePort","ports":[{},{}]}}"""), plain, Now);
        var same = QuotaCharge.Of(quota, evaluator, plain, plain, Now);

        Assert.Equal("services=1,services.nodeports=1", fits.Used!.ToString());
        Assert.Equal(
            "exceeded quota: q, requested: services.nodeports=2, used: services.nodeports=0, limited: services.nodeports=1",
            exceeds.Problem
        );
        Assert.Equal(QuotaOutcome.Unconcerned, same.Outcome);
    }

    [Fact]
    public void A_count_covers_all_that_the_quota_limits_and_nothing_else()
    {
        var quota = Parse(
            """{"spec":{"scopes":["NotTerminating"],"hard":{"pods":"9","requests.cpu":"9","services":"9","count/x.example.com":"1"}}}"""
        );
        JsonObject[] pods =
        [
            Parse("""{"spec":{"containers":[{"resources":{"requests":{"cpu":"1","memory":"1Gi"}}}]}}"""),
            Parse("""{"spec":{"activeDeadlineSeconds":5,"containers":[{"resources":{"requests":{"cpu":"1"}}}]}}"""),
            Parse("""{"spec":{"containers":[{"resources":{"requests":{"cpu":"250m"}}}]}}"""),
        ];

        Assert.Equal([("", "pods"), ("", "services"), ("example.com", "x")], QuotaUsage.Counted(quota));
        var used = QuotaUsage.Sum(quota, [(("", "pods"), pods), (("", "services"), [Parse("{}")])], Now);

        Assert.Equal("pods=2,requests.cpu=1250m,services=0", used.ToString());
        var status = QuotaUsage.Status(quota, used)!;
        Assert.Equal("1", (string?)status["hard"]!["count/x.example.com"]);
        quota["status"] = status.DeepClone();
        Assert.Null(QuotaUsage.Status(quota, used));
    }

    private static string Usage(string group, string plural, string document) =>
        QuotaEvaluators.For(group, plural)!.Usage(Parse(document), Now).ToString();

    private static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();

    private static JsonObject Amounts(string list)
    {
        var result = new JsonObject();
        foreach (var pair in list.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            result[pair[..pair.IndexOf('=')]] = pair[(pair.IndexOf('=') + 1)..];
        }
        return result;
    }
}
