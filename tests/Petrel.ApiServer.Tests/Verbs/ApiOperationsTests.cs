using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Tests.Kinds;
using Petrel.ApiServer.Tests.Kinds.Rows;
using Petrel.Model;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Verbs;

/// <summary>
/// What clients may do with the objects of every kind, as upstream's conformance list asks for kind by kind: discovery, create, get, list,
/// watch, update, patch, delete, deletecollection, and the same for the status.
/// </summary>
public sealed class ApiOperationsTests
{
    private const string Template =
        "'selector':{'matchLabels':{'app':'x'}},'template':{'metadata':{'labels':{'app':'x'}},'spec':{'containers':[{'name':'c',"
        + "'image':'i'}]}}";

    private const string Pod = "'containers':[{'name':'c','image':'i'}]";

    [Theory]
    [InlineData("v1", "ConfigMap", "'data':{'a':'b'}")]
    [InlineData("v1", "Secret", "'stringData':{'a':'b'}")]
    [InlineData("v1", "Event", "'involvedObject':{'namespace':'default'},'reason':'Tested','type':'Normal'")]
    [InlineData("v1", "Endpoints", "'subsets':[{'addresses':[{'ip':'10.0.0.1'}],'ports':[{'port':80}]}]")]
    [InlineData("v1", "LimitRange", "'spec':{'limits':[{'type':'Container','max':{'cpu':'1'}}]}")]
    [InlineData("v1", "Node", "'spec':{}")]
    [InlineData("v1", "PersistentVolume", "'spec':{'capacity':{'storage':'1Gi'},'accessModes':['ReadWriteOnce'],'hostPath':{'path':'/d'}}")]
    [InlineData("v1", "PersistentVolumeClaim", "'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}}}")]
    [InlineData("v1", "Pod", "'spec':{" + Pod + "}")]
    [InlineData("v1", "PodTemplate", "'template':{'metadata':{'labels':{'app':'x'}},'spec':{" + Pod + "}}")]
    [InlineData(
        "v1",
        "ReplicationController",
        "'spec':{'selector':{'app':'x'},'template':{'metadata':{'labels':{'app':'x'}},'spec':{" + Pod + "}}}"
    )]
    [InlineData("v1", "ResourceQuota", "'spec':{'hard':{'pods':'5'}}")]
    [InlineData("v1", "Service", "'spec':{'ports':[{'port':80}]}")]
    [InlineData("v1", "ServiceAccount", "'automountServiceAccountToken':false")]
    [InlineData("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "'webhooks':[]")]
    [InlineData("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "'webhooks':[]")]
    [InlineData("apps/v1", "ControllerRevision", "'revision':1,'data':{'a':'b'}")]
    [InlineData("apps/v1", "DaemonSet", "'spec':{" + Template + "}")]
    [InlineData("apps/v1", "Deployment", "'spec':{" + Template + "}")]
    [InlineData("apps/v1", "ReplicaSet", "'spec':{" + Template + "}")]
    [InlineData("apps/v1", "StatefulSet", "'spec':{'serviceName':'s'," + Template + "}")]
    [InlineData(
        "batch/v1",
        "CronJob",
        "'spec':{'schedule':'* * * * *','jobTemplate':{'spec':{'template':{'spec':{'restartPolicy':'Never'," + Pod + "}}}}}"
    )]
    [InlineData("batch/v1", "Job", "'spec':{'suspend':true,'template':{'spec':{'restartPolicy':'Never'," + Pod + "}}}")]
    [InlineData("coordination.k8s.io/v1", "Lease", "'spec':{'holderIdentity':'me'}")]
    [InlineData("discovery.k8s.io/v1", "EndpointSlice", "'addressType':'IPv4','endpoints':[{'addresses':['10.0.0.1']}],'ports':[]")]
    [InlineData(
        "events.k8s.io/v1",
        "Event",
        "'eventTime':'2026-01-15T12:00:00.000000Z','reportingController':'t.io/c','reportingInstance':'i','action':'Do',"
            + "'reason':'Tested','type':'Normal','regarding':{'namespace':'default'}"
    )]
    [InlineData("networking.k8s.io/v1", "Ingress", "'spec':{'defaultBackend':{'service':{'name':'s','port':{'number':80}}}}")]
    [InlineData("networking.k8s.io/v1", "IngressClass", "'spec':{'controller':'example.com/c'}")]
    [InlineData("networking.k8s.io/v1", "ServiceCIDR", "'spec':{'cidrs':['10.99.0.0/24']}")]
    [InlineData("networking.k8s.io/v1", "IPAddress", "'spec':{'parentRef':{'resource':'services','namespace':'default','name':'s'}}")]
    [InlineData("node.k8s.io/v1", "RuntimeClass", "'handler':'h'")]
    [InlineData("policy/v1", "PodDisruptionBudget", "'spec':{'minAvailable':1,'selector':{'matchLabels':{'app':'x'}}}")]
    [InlineData("scheduling.k8s.io/v1", "PriorityClass", "'value':7")]
    [InlineData("storage.k8s.io/v1", "CSIDriver", "'spec':{}")]
    [InlineData("storage.k8s.io/v1", "CSINode", "'spec':{'drivers':[]}")]
    [InlineData("storage.k8s.io/v1", "CSIStorageCapacity", "'storageClassName':'fast'")]
    [InlineData("storage.k8s.io/v1", "StorageClass", "'provisioner':'example.com/p'")]
    [InlineData("storage.k8s.io/v1", "VolumeAttachment", "'spec':{'attacher':'a','nodeName':'n','source':{'persistentVolumeName':'pv'}}")]
    [InlineData("storage.k8s.io/v1", "VolumeAttributesClass", "'driverName':'d','parameters':{'a':'b'}")]
    public async Task Objects_of_a_kind_have_all_operations(string apiVersion, string kindName, string body)
    {
        await using var api = await TestApi.StartAsync();
        var kind = BuiltInKinds.Registry.Find(GroupVersionKind.From(apiVersion, kindName))!;
        await CheckDiscoveryAsync(api, kind);
        var collection = Rows.Collection(kind);
        var everywhere = collection.Replace("/namespaces/default", "", StringComparison.Ordinal);
        var names = kindName == "IPAddress" ? new[] { "10.0.0.7", "10.0.0.8", "10.0.0.9" } : ["one", "two", "three"];

        foreach (var name in names)
        {
            var document = Samples.Parse("{" + $"'apiVersion':'{apiVersion}','kind':'{kindName}','metadata':{{}}," + body + "}");
            document["metadata"]!["name"] = name;
            document["metadata"]!["labels"] = new JsonObject { ["test"] = name == names[2] ? "other" : "yes" };
            FitNamespace(document, kind);
            var created = await api.CreateAsync(collection, document.ToJsonString());
            Assert.Equal(created.ToJsonString(), (await api.GetAsync($"{collection}/{name}")).ToJsonString());
        }
        var list = await api.GetAsync($"{everywhere}?labelSelector=test%3Dyes");
        Assert.Equal(names[..2].Order(), list["items"]!.AsArray().Select(i => (string)i!["metadata"]!["name"]!).Order());

        var revision = (string)list["metadata"]!["resourceVersion"]!;
        await using var watch = await api.WatchAsync($"{collection}?watch=true&labelSelector=test&resourceVersion={revision}");
        var path = $"{collection}/{names[0]}";
        const string patch = """{"metadata":{"labels":{"patched":"yes"}}}""";
        await api.JsonAsync(200, "PATCH", path, patch, "application/merge-patch+json");
        Assert.Equal($"MODIFIED {names[0]}", await watch.NextTextAsync());
        var patched = await api.GetAsync(path);
        Assert.Equal("yes", (string?)patched["metadata"]!["labels"]!["patched"]);

        patched["metadata"]!["annotations"] = new JsonObject { ["updated"] = "yes" };
        await api.JsonAsync(200, "PUT", path, patched.ToJsonString());
        Assert.Equal($"MODIFIED {names[0]}", await watch.NextTextAsync());
        Assert.Equal("yes", (string?)(await api.GetAsync(path))["metadata"]!["annotations"]!["updated"]);

        await RemoveAsync(api, path);
        Assert.Equal($"DELETED {names[0]}", await watch.NextTextAsync());
        await api.JsonAsync(404, "GET", path);
        await api.JsonAsync(200, "DELETE", $"{collection}?labelSelector=test%3Dyes");
        Assert.Equal(
            [names[2]],
            (await api.GetAsync($"{collection}?labelSelector=test"))["items"]!
                .AsArray()
                .Where(i => i!["metadata"]!["deletionTimestamp"] is null)
                .Select(i => (string)i!["metadata"]!["name"]!)
        );
    }

    [Theory]
    [InlineData("v1", "Node", "'spec':{}", "'conditions':[{'type':'StatusUpdate','status':'True'}]")]
    [InlineData(
        "v1",
        "PersistentVolume",
        "'spec':{'capacity':{'storage':'1Gi'},'accessModes':['ReadWriteOnce'],'hostPath':{'path':'/d'}}",
        "'message':'m','reason':'r'"
    )]
    [InlineData(
        "v1",
        "PersistentVolumeClaim",
        "'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}}}",
        "'conditions':[{'type':'StatusUpdate','status':'True'}]"
    )]
    [InlineData("v1", "Pod", "'spec':{" + Pod + "}", "'message':'Patched by the test','reason':'E2E'")]
    [InlineData(
        "v1",
        "ReplicationController",
        "'spec':{'selector':{'app':'x'},'template':{'metadata':{'labels':{'app':'x'}},'spec':{" + Pod + "}}}",
        "'conditions':[{'type':'StatusUpdate','status':'True'}]"
    )]
    [InlineData("v1", "ResourceQuota", "'spec':{'hard':{'pods':'5'}}", "'hard':{'pods':'4'}")]
    [InlineData(
        "v1",
        "Service",
        "'spec':{'type':'LoadBalancer','ports':[{'port':80}]}",
        "'loadBalancer':{'ingress':[{'ip':'203.0.113.1'}]}"
    )]
    [InlineData("apps/v1", "DaemonSet", "'spec':{" + Template + "}", "'conditions':[{'type':'StatusUpdate','status':'True'}]")]
    [InlineData("apps/v1", "Deployment", "'spec':{" + Template + "}", "'conditions':[{'type':'StatusUpdate','status':'True'}]")]
    [InlineData("apps/v1", "ReplicaSet", "'spec':{" + Template + "}", "'conditions':[{'type':'StatusUpdate','status':'True'}]")]
    [InlineData(
        "apps/v1",
        "StatefulSet",
        "'spec':{'serviceName':'s'," + Template + "}",
        "'conditions':[{'type':'StatusUpdate','status':'True'}]"
    )]
    [InlineData(
        "batch/v1",
        "CronJob",
        "'spec':{'schedule':'* * * * *','jobTemplate':{'spec':{'template':{'spec':{'restartPolicy':'Never'," + Pod + "}}}}}",
        "'lastScheduleTime':'2026-01-15T12:00:00Z'"
    )]
    [InlineData(
        "batch/v1",
        "Job",
        "'spec':{'suspend':true,'template':{'spec':{'restartPolicy':'Never'," + Pod + "}}}",
        "'conditions':[{'type':'StatusUpdate','status':'True'}]"
    )]
    [InlineData(
        "networking.k8s.io/v1",
        "Ingress",
        "'spec':{'defaultBackend':{'service':{'name':'s','port':{'number':80}}}}",
        "'loadBalancer':{'ingress':[{'ip':'203.0.113.1'}]}"
    )]
    [InlineData(
        "networking.k8s.io/v1",
        "ServiceCIDR",
        "'spec':{'cidrs':['10.99.0.0/24']}",
        "'conditions':[{'type':'StatusUpdate','status':'True'}]"
    )]
    [InlineData(
        "policy/v1",
        "PodDisruptionBudget",
        "'spec':{'minAvailable':1,'selector':{'matchLabels':{'app':'x'}}}",
        "'disruptedPods':{'p':'2026-01-15T12:00:00Z'}"
    )]
    [InlineData(
        "storage.k8s.io/v1",
        "VolumeAttachment",
        "'spec':{'attacher':'a','nodeName':'n','source':{'persistentVolumeName':'pv'}}",
        "'attached':true"
    )]
    public async Task The_status_of_a_kind_is_read_patched_and_updated(string apiVersion, string kindName, string body, string status)
    {
        await using var api = await TestApi.StartAsync();
        var kind = BuiltInKinds.Registry.Find(GroupVersionKind.From(apiVersion, kindName))!;
        var path = $"{Rows.Collection(kind)}/one";
        var created = await api.CreateAsync(
            Rows.Collection(kind),
            Samples.Parse("{" + $"'apiVersion':'{apiVersion}','kind':'{kindName}','metadata':{{'name':'one'}}," + body + "}").ToJsonString()
        );

        var wanted = Samples.Parse("{" + status + "}");
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { ["patchedstatus"] = "true" } },
            ["status"] = wanted.DeepClone(),
        };
        await api.JsonAsync(200, "PATCH", path + "/status", patch.ToJsonString(), "application/merge-patch+json");
        var read = await api.GetAsync(path + "/status");
        AssertHas(wanted, read);
        Assert.Equal("true", (string?)read["metadata"]!["annotations"]!["patchedstatus"]);
        AssertHas(wanted, await api.GetAsync(path));
        Assert.Equal(created["spec"]?.ToJsonString(), read["spec"]?.ToJsonString());

        // An update replaces the status, and leaves the spec as it is, whatever it says about it.
        var update = read.DeepClone().AsObject();
        foreach (var (name, _) in wanted)
        {
            update["status"]!.AsObject().Remove(name);
        }
        update.Remove("spec");
        update["spec"] = created["spec"]?.DeepClone();
        await api.JsonAsync(200, "PUT", path + "/status", update.ToJsonString());
        var replaced = await api.GetAsync(path);
        Assert.All(wanted, member => Assert.NotEqual(member.Value!.ToJsonString(), replaced["status"]?[member.Key]?.ToJsonString()));
        Assert.Equal(created["spec"]?.ToJsonString(), replaced["spec"]?.ToJsonString());
    }

    [Theory]
    [InlineData("v1", "ReplicationController")]
    [InlineData("apps/v1", "Deployment")]
    [InlineData("apps/v1", "ReplicaSet")]
    [InlineData("apps/v1", "StatefulSet")]
    public async Task The_scale_of_a_kind_is_read_patched_and_updated(string apiVersion, string kindName)
    {
        await using var api = await TestApi.StartAsync();
        var kind = BuiltInKinds.Registry.Find(GroupVersionKind.From(apiVersion, kindName))!;
        var path = $"{Rows.Collection(kind)}/one";
        var spec =
            kindName == "ReplicationController"
                ? "'replicas':1,'selector':{'app':'x'},'template':{'metadata':{'labels':{'app':'x'}},'spec':{" + Pod + "}}"
                : "'replicas':1,'serviceName':'s'," + Template;
        var document = Samples.Parse(
            "{" + $"'apiVersion':'{apiVersion}','kind':'{kindName}','metadata':{{'name':'one'}},'spec':{{{spec}}}" + "}"
        );
        if (kindName != "StatefulSet")
        {
            document["spec"]!.AsObject().Remove("serviceName");
        }
        await api.CreateAsync(Rows.Collection(kind), document.ToJsonString());

        var scale = await api.GetAsync(path + "/scale");
        Assert.Equal(("Scale", 1), ((string?)scale["kind"], (int)scale["spec"]!["replicas"]!));
        scale["spec"]!["replicas"] = 2;
        await api.JsonAsync(200, "PUT", path + "/scale", scale.ToJsonString());
        Assert.Equal(2, (int)(await api.GetAsync(path))["spec"]!["replicas"]!);
        await api.JsonAsync(200, "PATCH", path + "/scale", """{"spec":{"replicas":4}}""", "application/merge-patch+json");
        Assert.Equal(4, (int)(await api.GetAsync(path))["spec"]!["replicas"]!);
        Assert.Equal(4, (int)(await api.GetAsync(path + "/scale"))["spec"]!["replicas"]!);
    }

    [Fact]
    public async Task Every_group_has_a_preferred_version_and_resources_and_the_server_says_its_version()
    {
        await using var api = await TestApi.StartAsync();
        foreach (var group in (await api.GetAsync("/apis"))["groups"]!.AsArray().Select(g => g!.AsObject()))
        {
            var versions = group["versions"]!.AsArray().Select(v => (string)v!["groupVersion"]!).ToList();
            Assert.Contains((string)group["preferredVersion"]!["groupVersion"]!, versions);
            foreach (var version in versions)
            {
                var list = await api.GetAsync($"/apis/{version}");
                Assert.Equal(version, (string?)list["groupVersion"]);
                Assert.NotEmpty(list["resources"]!.AsArray());
            }
        }
        var server = await api.GetAsync("/version");
        Assert.All(["major", "minor"], part => Assert.True(int.TryParse((string?)server[part], out _), $"{part}: {server[part]}"));
    }

    [Fact]
    public async Task A_namespace_is_patched_and_updated_and_has_a_status_and_finalizers()
    {
        await using var api = await TestApi.StartAsync();
        const string path = "/api/v1/namespaces/team";
        const string merge = "application/merge-patch+json";
        await api.CreateAsync("/api/v1/namespaces", """{"metadata":{"name":"team"}}""");
        await api.JsonAsync(200, "PATCH", path, """{"metadata":{"labels":{"a":"b"}}}""", merge);
        var team = await api.GetAsync(path);
        Assert.Equal(("b", "Active"), ((string?)team["metadata"]!["labels"]!["a"], (string?)team["status"]!["phase"]));
        team["metadata"]!["labels"]!["a"] = "c";
        await api.JsonAsync(200, "PUT", path, team.ToJsonString());
        Assert.Equal("c", (string?)(await api.GetAsync(path))["metadata"]!["labels"]!["a"]);

        const string condition = """{"status":{"conditions":[{"type":"StatusPatch","status":"True","reason":"E2E","message":"m"}]}}""";
        await api.JsonAsync(200, "PATCH", path + "/status", condition, merge);
        var status = await api.GetAsync(path + "/status");
        Assert.Equal("StatusPatch", (string?)status["status"]!["conditions"]![0]!["type"]);
        status["status"]!["conditions"]![0]!["type"] = "StatusUpdate";
        await api.JsonAsync(200, "PUT", path + "/status", status.ToJsonString());
        team = await api.GetAsync(path);
        Assert.Equal("StatusUpdate", (string?)team["status"]!["conditions"]![0]!["type"]);

        team["spec"]!["finalizers"]!.AsArray().Add("e2e.example.com/fake");
        await api.JsonAsync(200, "PUT", path + "/finalize", team.ToJsonString());
        team = await api.GetAsync(path);
        Assert.Equal("""["kubernetes","e2e.example.com/fake"]""", team["spec"]!["finalizers"]!.ToJsonString());
        team["spec"]!["finalizers"]!.AsArray().RemoveAt(1);
        await api.JsonAsync(200, "PUT", path + "/finalize", team.ToJsonString());
        Assert.Equal("""["kubernetes"]""", (await api.GetAsync(path))["spec"]!["finalizers"]!.ToJsonString());
    }

    [Fact]
    public async Task Definitions_of_custom_resources_have_all_operations()
    {
        await using var api = await TestApi.StartAsync();
        const string collection = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        const string merge = "application/merge-patch+json";
        await CheckDiscoveryAsync(
            api,
            BuiltInKinds.Registry.Find(GroupVersionKind.From("apiextensions.k8s.io/v1", "CustomResourceDefinition"))!
        );
        var revision = (string)(await api.GetAsync(collection))["metadata"]!["resourceVersion"]!;
        await using var watch = await api.WatchAsync(
            $"{collection}?watch=true&fieldSelector=metadata.name%3Dones.example.com&resourceVersion={revision}"
        );
        foreach (var (name, label) in new[] { ("ones", "yes"), ("twos", "yes"), ("threes", "other") })
        {
            await api.CreateAsync(collection, Definition(name, label));
        }
        var listed = await api.GetAsync(collection + "?labelSelector=test%3Dyes");
        Assert.Equal(
            ["ones.example.com", "twos.example.com"],
            listed["items"]!.AsArray().Select(i => (string)i!["metadata"]!["name"]!).Order(StringComparer.Ordinal)
        );

        var path = collection + "/ones.example.com";
        const string condition = """{"status":{"conditions":[{"type":"StatusUpdate","status":"True","reason":"E2E","message":"m"}]}}""";
        await api.JsonAsync(200, "PATCH", path + "/status", condition, merge);
        var status = await api.GetAsync(path + "/status");
        Assert.Contains(status["status"]!["conditions"]!.AsArray(), c => (string?)c!["type"] == "StatusUpdate");
        await api.JsonAsync(200, "PATCH", path, """{"metadata":{"labels":{"patched":"yes"}}}""", merge);
        await api.JsonAsync(200, "DELETE", path);
        var seen = new List<string>();
        while (!seen.Contains("DELETED ones.example.com"))
        {
            seen.Add(await watch.NextTextAsync());
        }
        Assert.Equal("ADDED ones.example.com", seen[0]);
        Assert.Contains("MODIFIED ones.example.com", seen);
        // The kinds of the others are discovered in both forms.
        var aggregated = await api.JsonAsync(
            200,
            "GET",
            "/apis",
            accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
        );
        Assert.Contains(aggregated["items"]!.AsArray(), g => (string?)g!["metadata"]!["name"] == "example.com");
        Assert.Contains("twos", aggregated.ToJsonString(), StringComparison.Ordinal);

        await api.JsonAsync(200, "DELETE", collection + "?labelSelector=test%3Dyes");
        var left = (await api.GetAsync(collection))["items"]!.AsArray();
        Assert.Contains(left, i => (string?)i!["metadata"]!["name"] == "threes.example.com");
        Assert.DoesNotContain(left, i =>
            (string?)i!["metadata"]!["name"] == "twos.example.com" && i["metadata"]!["deletionTimestamp"] is null
        );
    }

    private static string Definition(string plural, string label) =>
        Samples
            .Parse(
                $$$"""
                {'metadata':{'name':'{{{plural}}}.example.com','labels':{'test':'{{{label}}}'}},'spec':{'group':'example.com',
                'scope':'Namespaced','names':{'plural':'{{{plural}}}','kind':'{{{plural}}}Kind','listKind':'{{{plural}}}List'},
                'versions':[{'name':'v1','served':true,'storage':true,'schema':{'openAPIV3Schema':{'type':'object'} } }] } }
                """
            )
            .ToJsonString();

    private static async Task CheckDiscoveryAsync(TestApi api, KindDefinition kind)
    {
        var (group, version) = (kind.Gvk.Group, kind.Gvk.Version);
        var root = group.Length == 0 ? $"/api/{version}" : $"/apis/{group}/{version}";
        if (group.Length > 0)
        {
            Assert.Contains((await api.GetAsync("/apis"))["groups"]!.AsArray(), g => (string?)g!["name"] == group);
            Assert.Contains((await api.GetAsync($"/apis/{group}"))["versions"]!.AsArray(), v => (string?)v!["version"] == version);
        }
        var resources = (await api.GetAsync(root))["resources"]!.AsArray();
        var verbs = Assert.Single(resources, r => (string?)r!["name"] == kind.Plural)!["verbs"]!.AsArray().Select(v => (string)v!);
        Assert.Superset(
            new HashSet<string> { "create", "delete", "deletecollection", "get", "list", "patch", "update", "watch" },
            verbs.ToHashSet()
        );
    }

    // Events are about objects of their own namespace.
    private static void FitNamespace(JsonObject document, KindDefinition kind)
    {
        if (kind.Namespaced)
        {
            document["metadata"]!["namespace"] = "default";
        }
    }

    // What protects an object in use is removed by a controller, which this server does not have.
    private static async Task RemoveAsync(TestApi api, string path)
    {
        if ((await api.GetAsync(path)).Metadata().Has("finalizers"))
        {
            await api.JsonAsync(200, "PATCH", path, """{"metadata":{"finalizers":null}}""", "application/merge-patch+json");
        }
        await api.JsonAsync(200, "DELETE", path);
    }

    private static void AssertHas(JsonObject wanted, JsonObject found)
    {
        foreach (var (name, value) in wanted)
        {
            Assert.Equal(value!.ToJsonString(), Subset(value, found["status"]?[name])?.ToJsonString());
        }
    }

    // The members of the found value that are wanted: lists of conditions may have more.
    private static JsonNode? Subset(JsonNode wanted, JsonNode? found)
    {
        if (wanted is JsonArray items && found is JsonArray many)
        {
            var matching = items.Select(i => many.Select(m => Subset(i!, m)).FirstOrDefault(m => JsonNode.DeepEquals(m, i))?.DeepClone());
            return new JsonArray([.. matching]);
        }
        if (wanted is not JsonObject members || found is not JsonObject there)
        {
            return found;
        }
        return new JsonObject(members.Select(m => KeyValuePair.Create(m.Key, Subset(m.Value!, there[m.Key])?.DeepClone())));
    }
}
