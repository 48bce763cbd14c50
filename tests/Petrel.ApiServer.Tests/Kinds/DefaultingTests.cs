using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Kinds;

public sealed class DefaultingTests
{
    private static readonly string[] Fixtures =
    [
        Samples.Pod,
        Samples.Deployment,
        Samples.ReplicaSet,
        Samples.Service,
        """{'apiVersion':'v1','kind':'Secret','metadata':{'name':'s','namespace':'default'},'stringData':{'a':'b'}}""",
        """{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'s','namespace':'default'}}""",
        """{'apiVersion':'v1','kind':'Namespace','metadata':{'name':'n'}}""",
        """{'apiVersion':'v1','kind':'Node','metadata':{'name':'n'},'status':{'capacity':{'cpu':'4'}}}""",
        """{'apiVersion':'v1','kind':'Service','metadata':{'name':'s','namespace':'default'},'spec':{'type':'LoadBalancer',"""
            + """'sessionAffinity':'ClientIP','clusterIP':'None','ports':[{'port':80,'targetPort':'web'}]}}""",
        """{'apiVersion':'discovery.k8s.io/v1','kind':'EndpointSlice','metadata':{'name':'s','namespace':'default'},"""
            + """'addressType':'IPv4','endpoints':[],'ports':[{'port':80}]}""",
        """
            {'apiVersion':'v1','kind':'Pod','metadata':{'name':'p','namespace':'default'},'spec':{'hostNetwork':true,
            'serviceAccount':'x','resources':{'limits':{'cpu':'2'}},
            'initContainers':[{'name':'i','image':'a@sha256:0','restartPolicy':'Always','resources':{'limits':{'cpu':'100u'}}}],
            'containers':[{'name':'c','image':'r:5000/x','ports':[{'containerPort':80}],'livenessProbe':{'httpGet':{'port':80}},
            'startupProbe':{'grpc':{'port':1}},
            'lifecycle':{'preStop':{'httpGet':{'port':1}}},'env':[{'name':'A','valueFrom':{'fieldRef':{'fieldPath':'metadata.name'}}}]}],
            'volumes':[{'name':'a'},{'name':'b','configMap':{'name':'x'}},{'name':'d',
            'projected':{'sources':[{'serviceAccountToken':{'path':'t'}}]}},{'name':'e','hostPath':{'path':'/x'}}]}}
            """,
    ];

    public static TheoryData<string> All => [.. Fixtures];

    [Theory]
    [MemberData(nameof(All))]
    public void Defaulting_again_changes_nothing(string text)
    {
        var document = Samples.Created(text);
        var before = document.ToJsonString();

        Samples.Kind(document).Default(document);

        Assert.Equal(before, document.ToJsonString());
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Defaults_are_fields_of_the_schema_with_values_of_its_types(string text)
    {
        var document = Samples.Created(text);

        var result = Model.Documents.DocumentConformance.Check(document, Samples.Kind(document).Schema);

        Assert.Empty(result.UnknownFields);
        Assert.Empty(result.TypeErrors);
    }

    [Fact]
    public void A_pod_gets_upstreams_defaults()
    {
        var pod = Samples.Created(Samples.Pod);

        var expected = Samples.Parse(
            """
            {'containers':[{'name':'c','image':'nginx','resources':{},'terminationMessagePath':'/dev/termination-log',
            'terminationMessagePolicy':'File','imagePullPolicy':'Always'}],
            'restartPolicy':'Always','terminationGracePeriodSeconds':30,'dnsPolicy':'ClusterFirst','securityContext':{},
            'schedulerName':'default-scheduler','enableServiceLinks':true}
            """
        );
        Assert.True(JsonNode.DeepEquals(expected, pod["spec"]), pod["spec"]!.ToJsonString());
        Assert.Equal("""{"phase":"Pending","qosClass":"BestEffort"}""", pod["status"]!.ToJsonString());
    }

    [Fact]
    public void Probes_ports_and_references_get_upstreams_defaults()
    {
        var pod = Samples.Created(Fixtures[^1]);
        var container = pod["spec"]!["containers"]![0]!;

        Assert.Equal(
            """{"httpGet":{"port":80,"path":"/","scheme":"HTTP"},"timeoutSeconds":1,"periodSeconds":10,"successThreshold":"""
                + """1,"failureThreshold":3}""",
            container["livenessProbe"]!.ToJsonString()
        );
        Assert.Equal("", (string?)container["startupProbe"]!["grpc"]!["service"]);
        Assert.Equal("""{"containerPort":80,"protocol":"TCP","hostPort":80}""", container["ports"]![0]!.ToJsonString());
        Assert.Equal("v1", (string?)container["env"]![0]!["valueFrom"]!["fieldRef"]!["apiVersion"]);
        Assert.Equal("x", (string?)pod["spec"]!["serviceAccountName"]);
        Assert.Equal("1m", (string?)pod["spec"]!["initContainers"]![0]!["resources"]!["requests"]!["cpu"]);
        var volumes = pod["spec"]!["volumes"]!;
        Assert.Equal("""{"name":"a","emptyDir":{}}""", volumes[0]!.ToJsonString());
        Assert.Equal(420, (long?)volumes[1]!["configMap"]!["defaultMode"]);
        Assert.Equal(3600, (long?)volumes[2]!["projected"]!["sources"]![0]!["serviceAccountToken"]!["expirationSeconds"]);
        Assert.Equal("", (string?)volumes[3]!["hostPath"]!["type"]);
    }

    [Theory]
    [InlineData("nginx", "Always")]
    [InlineData("nginx:latest", "Always")]
    [InlineData("registry:5000/nginx", "Always")]
    [InlineData("registry:5000/nginx:1.27", "IfNotPresent")]
    [InlineData("nginx@sha256:0123", "IfNotPresent")]
    [InlineData("nginx:1", "IfNotPresent")]
    public void Images_that_may_change_are_pulled_always(string image, string policy)
    {
        var pod = Samples.Created(Samples.Pod.Replace("nginx", image, StringComparison.Ordinal));

        Assert.Equal(policy, (string?)pod["spec"]!["containers"]![0]!["imagePullPolicy"]);
    }

    [Theory]
    [InlineData("{}", "BestEffort")]
    [InlineData("{'requests':{'cpu':'1'}}", "Burstable")]
    [InlineData("{'limits':{'cpu':'1'}}", "Burstable")]
    [InlineData("{'limits':{'cpu':'1','memory':'1Gi'}}", "Guaranteed")]
    [InlineData("{'limits':{'cpu':'1','memory':'1Gi'},'requests':{'cpu':'1000m','memory':'1024Mi'}}", "Guaranteed")]
    [InlineData("{'limits':{'cpu':'1','memory':'1Gi'},'requests':{'cpu':'500m'}}", "Burstable")]
    public void Quality_of_service_follows_requests_and_limits(string resources, string expected)
    {
        var pod = Samples.Parse(Samples.Pod);
        pod["spec"]!["containers"]![0]!["resources"] = Samples.Parse(resources);

        Assert.Equal(expected, (string?)Samples.Created(pod)["status"]!["qosClass"]);
    }

    [Fact]
    public void A_deployment_rolls_a_quarter_at_a_time_by_default()
    {
        var spec = Samples.Created(Samples.Deployment)["spec"]!;

        Assert.Equal(1, (long?)spec["replicas"]);
        Assert.Equal(10, (long?)spec["revisionHistoryLimit"]);
        Assert.Equal(600, (long?)spec["progressDeadlineSeconds"]);
        Assert.Equal(
            """{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"25%","maxSurge":"25%"}}""",
            spec["strategy"]!.ToJsonString()
        );
        Assert.Equal("IfNotPresent", (string?)spec["template"]!["spec"]!["containers"]![0]!["imagePullPolicy"]);
        Assert.Null(spec["template"]!["spec"]!["enableServiceLinks"]);
    }

    [Fact]
    public void Recreate_has_no_rolling_update() =>
        Assert.Equal(
            """{"type":"Recreate"}""",
            Samples.Created(Samples.With(Samples.Deployment, "{'spec':{'strategy':{'type':'Recreate'}}}"))["spec"]![
                "strategy"
            ]!.ToJsonString()
        );

    [Fact]
    public void A_service_listens_where_it_sends_to()
    {
        var spec = Samples.Created(Samples.Service)["spec"]!;

        Assert.Equal("""[{"port":80,"protocol":"TCP","targetPort":80}]""", spec["ports"]!.ToJsonString());
        Assert.Equal("ClusterIP", (string?)spec["type"]);
        Assert.Equal("None", (string?)spec["sessionAffinity"]);
        Assert.Equal("Cluster", (string?)spec["internalTrafficPolicy"]);
        Assert.Equal("SingleStack", (string?)spec["ipFamilyPolicy"]);
    }

    [Fact]
    public void A_secrets_strings_become_data()
    {
        var secret = Samples.Created(
            """{'apiVersion':'v1','kind':'Secret','metadata':{'name':'s','namespace':'default'},'data':{'a':'eA=='},"""
                + """'stringData':{'a':'b'}}"""
        );

        Assert.Equal("Opaque", (string?)secret["type"]);
        Assert.Equal("""{"a":"Yg=="}""", secret["data"]!.ToJsonString());
        Assert.False(secret.ContainsKey("stringData"));
    }

    [Fact]
    public void A_namespace_is_active_and_finalized_and_labelled_with_its_name()
    {
        var value = Samples.Created("""{'apiVersion':'v1','kind':'Namespace','metadata':{'name':'n'}}""");

        Assert.Equal("""["kubernetes"]""", value["spec"]!["finalizers"]!.ToJsonString());
        Assert.Equal("Active", (string?)value["status"]!["phase"]);
        Assert.Equal("n", (string?)value["metadata"]!["labels"]!["kubernetes.io/metadata.name"]);
    }

    [Fact]
    public void An_updated_service_keeps_its_address_and_node_ports()
    {
        var old = Samples.Created(
            Samples.With(
                Samples.Service,
                "{'spec':{'type':'NodePort','clusterIP':'10.96.0.7','ports':[{'name':'a','port':80,'nodePort':30080}]}}"
            )
        );
        var update = Samples.With(
            Samples.Service,
            "{'spec':{'type':'NodePort','ports':[{'port':8080,'name':'a'},{'port':81,'name':'b'}]}}"
        );

        Assert.Empty(Samples.Problems(update, old));

        Assert.Equal("10.96.0.7", (string?)update["spec"]!["clusterIP"]);
        Assert.Equal("""["10.96.0.7"]""", update["spec"]!["clusterIPs"]!.ToJsonString());
        Assert.Equal(30080, (long?)update["spec"]!["ports"]![0]!["nodePort"]);
    }

    [Theory]
    [InlineData("{'spec':{'nodeName':''}}", null, 0)]
    [InlineData("{'spec':{'nodeName':'n'}}", null, 30)]
    [InlineData("{'spec':{'nodeName':'n'}}", 5L, 5)]
    [InlineData("{'spec':{'nodeName':'n','terminationGracePeriodSeconds':0}}", null, 0)]
    [InlineData("{'spec':{'nodeName':'n','terminationGracePeriodSeconds':-3}}", null, 1)]
    [InlineData("{'spec':{'nodeName':'n'},'status':{'phase':'Succeeded'}}", 7L, 0)]
    public void A_pod_gets_time_to_end_when_it_runs(string change, long? asked, long expected)
    {
        var pod = Samples.Created(Samples.Pod);
        var changed = Samples.With(pod.ToJsonString(), change);

        Assert.Equal(expected, Samples.Kind(changed).GracePeriodSeconds(changed, asked));
    }

    [Fact]
    public void The_registry_finds_kinds_by_resource_and_by_name()
    {
        var registry = BuiltInKinds.Registry;

        Assert.Equal("Deployment", registry.Find("apps", "v1", "deployments")!.Gvk.Kind);
        Assert.Equal("pods", registry.Find(new Model.GroupVersionKind("", "v1", "Pod"))!.Plural);
        Assert.Null(registry.Find("apps", "v1", "pods"));
        Assert.Equal("v1", registry.GroupVersions[0].ApiVersion);
        Assert.Equal(registry.All.Count, registry.GroupVersions.Sum(g => g.Kinds.Count));
    }
}
