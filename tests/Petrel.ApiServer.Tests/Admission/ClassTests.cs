using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.Model;
using Petrel.Model.Schema;

namespace Petrel.ApiServer.Tests.Admission;

/// <summary>Priority, runtime, storage and ingress classes: what the objects that name them get, and those that name none.</summary>
public sealed class ClassTests
{
    private const string Core = "/api/v1/namespaces/default";
    private const string PriorityClasses = "/apis/scheduling.k8s.io/v1/priorityclasses";
    private const string RuntimeClasses = "/apis/node.k8s.io/v1/runtimeclasses";
    private const string StorageClasses = "/apis/storage.k8s.io/v1/storageclasses";

    [Theory]
    [InlineData("", 0, "PreemptLowerPriority")]
    [InlineData("high", 1000, "Never")]
    [InlineData("system-node-critical", 2000001000, "PreemptLowerPriority")]
    [InlineData("system-cluster-critical", 2000000000, "PreemptLowerPriority")]
    public async Task A_pod_gets_the_priority_of_its_class(string name, int priority, string policy)
    {
        await using var api = await StartAsync();
        await api.CreateAsync(PriorityClasses, """{"metadata":{"name":"high"},"value":1000,"preemptionPolicy":"Never"}""");

        var pod = await api.CreateAsync(Core + "/pods", Pod($"\"priorityClassName\":\"{name}\","));

        Assert.Equal(priority, (int)pod["spec"]!["priority"]!);
        Assert.Equal(policy, (string?)pod["spec"]!["preemptionPolicy"]);
    }

    [Fact]
    public async Task A_pod_without_a_class_gets_the_default_one_of_which_there_is_one()
    {
        await using var api = await StartAsync();
        await api.CreateAsync(PriorityClasses, """{"metadata":{"name":"usual"},"value":7,"globalDefault":true}""");
        var second = await api.JsonAsync(403, "POST", PriorityClasses, """{"metadata":{"name":"other"},"value":8,"globalDefault":true}""");

        var pod = await api.CreateAsync(Core + "/pods", Pod(""));

        Assert.Equal(
            "priorityclasses.scheduling.k8s.io \"other\" is forbidden: PriorityClass usual is already marked as default. Only "
                + "one default can exist",
            (string?)second["message"]
        );
        Assert.Equal("usual", (string?)pod["spec"]!["priorityClassName"]);
        Assert.Equal(7, (int)pod["spec"]!["priority"]!);
    }

    [Theory]
    [InlineData("\"priorityClassName\":\"nothing\",", "no PriorityClass with name nothing was found")]
    [InlineData(
        "\"priority\":5,",
        "the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 0 from the "
            + "given PriorityClass name"
    )]
    [InlineData(
        "\"preemptionPolicy\":\"Never\",",
        "the string value of PreemptionPolicy (Never) must not be provided in pod spec; priority admission controller computed "
            + "PreemptLowerPriority from the given PriorityClass name"
    )]
    [InlineData("\"runtimeClassName\":\"nothing\",", "pod rejected: RuntimeClass \"nothing\" not found")]
    [InlineData("\"overhead\":{\"cpu\":\"1\"},", "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead")]
    [InlineData(
        "\"runtimeClassName\":\"vm\",\"overhead\":{\"cpu\":\"1\"},",
        "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"
    )]
    [InlineData(
        "\"runtimeClassName\":\"vm\",\"nodeSelector\":{\"vm\":\"no\"},",
        "conflict: runtimeClass.scheduling.nodeSelector[vm] = yes; pod.spec.nodeSelector[vm] = no"
    )]
    public async Task A_pod_that_does_not_fit_its_classes_is_refused_in_upstreams_words(string spec, string message)
    {
        await using var api = await StartAsync();
        await CreateRuntimeClassAsync(api);

        var refusal = await api.JsonAsync(403, "POST", Core + "/pods", Pod(spec));

        Assert.Equal($"pods \"p\" is forbidden: {message}", (string?)refusal["message"]);
    }

    [Fact]
    public async Task A_pod_gets_the_overhead_and_constraints_of_its_runtime_class()
    {
        await using var api = await StartAsync();
        await CreateRuntimeClassAsync(api);

        var pod = await api.CreateAsync(Core + "/pods", Pod("\"runtimeClassName\":\"vm\",\"nodeSelector\":{\"disk\":\"ssd\"},"));

        Assert.Equal("250m", (string?)pod["spec"]!["overhead"]!["cpu"]);
        Assert.Equal("""{"disk":"ssd","vm":"yes"}""", pod["spec"]!["nodeSelector"]!.ToJsonString());
        Assert.Contains(pod["spec"]!["tolerations"]!.AsArray(), t => (string?)t!["key"] == "vm");
    }

    [Fact]
    public async Task The_newest_default_storage_class_goes_to_claims_that_name_none()
    {
        await using var api = await StartAsync();
        await CreateStorageClassAsync(api, "b", isDefault: true);
        await CreateStorageClassAsync(api, "a", isDefault: true);
        await CreateStorageClassAsync(api, "other", isDefault: false);
        var first = await api.CreateAsync(Core + "/persistentvolumeclaims", Claim("c1", ""));
        api.Time.Advance(TimeSpan.FromSeconds(5));
        await CreateStorageClassAsync(api, "new", isDefault: true);

        var second = await api.CreateAsync(Core + "/persistentvolumeclaims", Claim("c2", ""));
        var none = await api.CreateAsync(Core + "/persistentvolumeclaims", Claim("c3", "\"storageClassName\":\"\","));

        Assert.Equal("a", (string?)first["spec"]!["storageClassName"]);
        Assert.Equal("new", (string?)second["spec"]!["storageClassName"]);
        Assert.Equal("", (string?)none["spec"]!["storageClassName"]);
    }

    [Fact]
    public async Task The_default_ingress_class_goes_to_ingresses_that_name_none()
    {
        await using var api = await StartAsync();
        const string Ingresses = "/apis/networking.k8s.io/v1/namespaces/default/ingresses";
        const string Backend = "\"defaultBackend\":{\"service\":{\"name\":\"s\",\"port\":{\"number\":80} } }";
        await api.CreateAsync(
            "/apis/networking.k8s.io/v1/ingressclasses",
            """{"metadata":{"name":"edge","annotations":{"ingressclass.kubernetes.io/is-default-class":"true"}},"spec":"""
                + """{"controller":"example.com/c"}}"""
        );

        var bare = await api.CreateAsync(Ingresses, $$$"""{"metadata":{"name":"a"},"spec":{ {{{Backend}}} } }""");
        var named = await api.CreateAsync(Ingresses, $$$"""{"metadata":{"name":"b"},"spec":{ {{{Backend}}},"ingressClassName":"own"} }""");
        var noted = await api.CreateAsync(
            Ingresses,
            $$$"""{"metadata":{"name":"c","annotations":{"kubernetes.io/ingress.class":"own"} },"spec":{ {{{Backend}}} } }"""
        );

        Assert.Equal("edge", (string?)bare["spec"]!["ingressClassName"]);
        Assert.Equal("own", (string?)named["spec"]!["ingressClassName"]);
        Assert.Null(noted["spec"]!["ingressClassName"]);
    }

    private static Task<JsonObject> CreateRuntimeClassAsync(TestApi api) =>
        api.CreateAsync(
            RuntimeClasses,
            """
            {"metadata":{"name":"vm"},"handler":"vm","overhead":{"podFixed":{"cpu":"250m"}},
             "scheduling":{"nodeSelector":{"vm":"yes"},"tolerations":[{"key":"vm","operator":"Exists"}]}}
            """
        );

    private static Task<JsonObject> CreateStorageClassAsync(TestApi api, string name, bool isDefault) =>
        api.CreateAsync(
            StorageClasses,
            $$$"""{"metadata":{"name":"{{{name}}}","annotations":"""
                + $$$"""{"storageclass.kubernetes.io/is-default-class":"{{{(isDefault ? "true" : "false")}}}"} }"""
                + ""","provisioner":"example.com/p"}"""
        );

    private static string Pod(string spec) =>
        $$$"""{"metadata":{"name":"p"},"spec":{ {{{spec}}} "containers":[{"name":"c","image":"i"}]}}""";

    private static string Claim(string name, string spec) =>
        $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{ {{{spec}}} "accessModes":"""
        + $$$"""["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"} } } }""";

    /// <summary>A server with these kinds, whatever else is built in.</summary>
    private static Task<TestApi> StartAsync()
    {
        KindDefinition[] more =
        [
            Row("scheduling.k8s.io", "PriorityClass", "priorityclasses"),
            Row("node.k8s.io", "RuntimeClass", "runtimeclasses"),
            Row("storage.k8s.io", "StorageClass", "storageclasses"),
            Row("networking.k8s.io", "IngressClass", "ingressclasses"),
            Row("networking.k8s.io", "Ingress", "ingresses", namespaced: true),
        ];
        var builtIn = BuiltInKinds.Registry;
        return TestApi.StartAsync(
            kinds: new KindRegistry([.. builtIn.All, .. more.Where(k => builtIn.Find(k.Gvk) is null)], SubresourceTable.Definitions)
        );
    }

    private static KindDefinition Row(string group, string kind, string plural, bool namespaced = false) =>
        new()
        {
            Gvk = new(group, "v1", kind),
            Plural = plural,
            Singular = kind.ToLowerInvariant(),
            Namespaced = namespaced,
            Schema = KubernetesSchemas.ForKind(new GroupVersionKind(group, "v1", kind))!,
        };
}
