using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Schema;

namespace Petrel.ApiServer.Tests.Kinds;

/// <summary>Every rule with a document that breaks it and one beside it that does not (the expectation is empty).</summary>
public sealed class ValidationTests
{
    private const string ConfigMap =
        """{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'c','namespace':'default'},'data':{'k':'v'}}""";
    private const string Secret =
        """{'apiVersion':'v1','kind':'Secret','metadata':{'name':'c','namespace':'default'},'data':{'k':'dg=='}}""";
    private const string Node = """{'apiVersion':'v1','kind':'Node','metadata':{'name':'n'},'spec':{'podCIDR':'10.0.0.0/24'}}""";
    private const string Lease =
        """{'apiVersion':'coordination.k8s.io/v1','kind':'Lease','metadata':{'name':'l','namespace':'default'},'spec':{}}""";
    private const string Event = """{'apiVersion':'v1','kind':'Event','metadata':{'name':'e','namespace':'default'},'involvedObject':{}}""";
    private const string Slice =
        """{'apiVersion':'discovery.k8s.io/v1','kind':'EndpointSlice','metadata':{'name':'s','namespace':'default'},"""
        + """'addressType':'IPv4','endpoints':[]}""";

    private static void Check(string expected, IReadOnlyList<string> problems)
    {
        var said = string.Join(" ; ", problems);
        Assert.True(
            expected.Length == 0 ? said.Length == 0 : said.StartsWith(expected, StringComparison.Ordinal),
            $"expected: {expected}\nsaid:     {said}"
        );
    }

    private static void CheckUpdate(string expected, string text, string change)
    {
        var old = Samples.Created(text);
        Check(expected, Samples.Problems(Samples.With(old.ToJsonString(), change), old));
    }

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'selector':null}", "spec.selector: Required value")]
    [InlineData("{'selector':{'matchLabels':null}}", "spec.selector: Invalid value: {}: empty selector is invalid for deployment")]
    [InlineData(
        "{'selector':{'matchLabels':{'app':'y'}}}",
        "spec.template.metadata.labels: Invalid value: {\"app\":\"x\"}: `selector` does not match template `labels`"
    )]
    [InlineData("{'selector':{'matchExpressions':[{'key':'app','operator':'In','values':['x']}]}}", "")]
    [InlineData(
        "{'selector':{'matchExpressions':[{'key':'app','operator':'Near'}]}}",
        "spec.selector.matchExpressions[0].operator: Invalid value: \"Near\": not a valid selector operator"
    )]
    [InlineData("{'replicas':-1}", "spec.replicas: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData("{'replicas':0}", "")]
    [InlineData("{'minReadySeconds':-1}", "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData(
        "{'template':{'spec':{'restartPolicy':'Never'}}}",
        "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\""
    )]
    [InlineData(
        "{'template':{'spec':{'activeDeadlineSeconds':3}}}",
        "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported"
    )]
    [InlineData("{'template':{'spec':{'containers':[{'name':'c'}]}}}", "spec.template.spec.containers[0].image: Required value")]
    public void Deployments_and_replica_sets_share_these_rules(string change, string expected)
    {
        Check(expected, Samples.Problems(Samples.With(Samples.Deployment, $"{{'spec':{change}}}")));
        Check(expected, Samples.Problems(Samples.With(Samples.ReplicaSet, $"{{'spec':{change}}}")));
    }

    [Theory]
    [InlineData(
        "{'strategy':{'type':'Recreate','rollingUpdate':{}}}",
        "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"
    )]
    [InlineData("{'strategy':{'type':'Recreate'}}", "")]
    [InlineData(
        "{'strategy':{'type':'BlueGreen'}}",
        "spec.strategy: Unsupported value: {\"Type\":\"BlueGreen\",\"RollingUpdate\":null}: supported values: \"Recreate\", "
            + "\"RollingUpdate\""
    )]
    [InlineData(
        "{'strategy':{'rollingUpdate':{'maxUnavailable':0,'maxSurge':0}}}",
        "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"
    )]
    [InlineData(
        "{'strategy':{'rollingUpdate':{'maxUnavailable':'0%','maxSurge':0}}}",
        "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"0%\": may not be 0 when `maxSurge` is 0"
    )]
    [InlineData("{'strategy':{'rollingUpdate':{'maxUnavailable':0,'maxSurge':1}}}", "")]
    [InlineData(
        "{'strategy':{'rollingUpdate':{'maxSurge':'many'}}}",
        "spec.strategy.rollingUpdate.maxSurge: Invalid value: \"many\": a valid percent string must be a numeric string "
            + "followed by an ending '%'"
    )]
    [InlineData("{'strategy':{'rollingUpdate':{'maxSurge':'150%'}}}", "")]
    [InlineData(
        "{'strategy':{'rollingUpdate':{'maxUnavailable':'101%'}}}",
        "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"101%\": must not be greater than 100%"
    )]
    [InlineData(
        "{'strategy':{'rollingUpdate':{'maxSurge':-1}}}",
        "spec.strategy.rollingUpdate.maxSurge: Invalid value: -1: must be greater than or equal to 0"
    )]
    [InlineData("{'revisionHistoryLimit':-1}", "spec.revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData(
        "{'progressDeadlineSeconds':5,'minReadySeconds':5}",
        "spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds"
    )]
    [InlineData("{'progressDeadlineSeconds':6,'minReadySeconds':5}", "")]
    public void Deployments_are_held_to_upstreams_rules(string change, string expected) =>
        Check(expected, Samples.Problems(Samples.With(Samples.Deployment, $"{{'spec':{change}}}")));

    [Fact]
    public void A_selector_stays()
    {
        const string change = "{'spec':{'selector':{'matchLabels':{'b':'c'}},'template':{'metadata':{'labels':{'b':'c'}}}}}";

        CheckUpdate(
            "spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"x\",\"b\":\"c\"}}: field is immutable",
            Samples.Deployment,
            change
        );
        CheckUpdate(
            "spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"x\",\"b\":\"c\"}}: field is immutable",
            Samples.ReplicaSet,
            change
        );
        CheckUpdate("", Samples.Deployment, "{'spec':{'template':{'metadata':{'labels':{'b':'c'}}}}}");
    }

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'ports':null}", "spec.ports: Required value")]
    [InlineData("{'ports':null,'clusterIP':'None'}", "")]
    [InlineData(
        "{'type':'Magic'}",
        "spec.type: Unsupported value: \"Magic\": supported values: \"ClusterIP\", \"ExternalName\", \"LoadBalancer\", \"NodePort\""
    )]
    [InlineData("{'ports':[{'port':80},{'port':81,'name':'b'}]}", "spec.ports[0].name: Required value")]
    [InlineData("{'ports':[{'port':80,'name':'a'},{'port':81,'name':'b'}]}", "")]
    [InlineData("{'ports':[{'port':80,'name':'a'},{'port':81,'name':'a'}]}", "spec.ports[1].name: Duplicate value: \"a\"")]
    [InlineData(
        "{'ports':[{'port':80,'name':'a'},{'port':80,'name':'b'}]}",
        "spec.ports[1]: Duplicate value: {\"Name\":\"\",\"Protocol\":\"TCP\",\"AppProtocol\":null,\"Port\":80,\"TargetPort\":0,"
            + "\"NodePort\":0}"
    )]
    [InlineData("{'ports':[{'port':80,'name':'a'},{'port':80,'name':'b','protocol':'UDP'}]}", "")]
    [InlineData("{'ports':[{'port':80,'name':'A'}]}", "spec.ports[0].name: Invalid value: \"A\"")]
    [InlineData("{'ports':[{'port':0}]}", "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive")]
    [InlineData("{'ports':[{'port':80,'protocol':'x'}]}", "spec.ports[0].protocol: Unsupported value: \"x\"")]
    [InlineData(
        "{'ports':[{'port':80,'targetPort':'we_b'}]}",
        "spec.ports[0].targetPort: Invalid value: \"we_b\": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
    )]
    [InlineData(
        "{'ports':[{'port':80,'nodePort':30000}]}",
        "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"
    )]
    [InlineData("{'type':'NodePort','ports':[{'port':80,'nodePort':30000}]}", "")]
    [InlineData(
        "{'sessionAffinity':'Cookie'}",
        "spec.sessionAffinity: Unsupported value: \"Cookie\": supported values: \"ClientIP\", \"None\""
    )]
    [InlineData(
        "{'sessionAffinity':'ClientIP','sessionAffinityConfig':{'clientIP':{'timeoutSeconds':86401}}}",
        "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400"
    )]
    [InlineData(
        "{'type':'NodePort','clusterIP':'None'}",
        "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"
    )]
    [InlineData("{'clusterIP':'one'}", "spec.clusterIPs[0]: Invalid value: \"one\": must be a valid IP address")]
    [InlineData(
        "{'clusterIP':'10.96.0.1','clusterIPs':['10.96.0.2']}",
        "spec.clusterIPs: Invalid value: [\"10.96.0.2\"]: first value must match `clusterIP`"
    )]
    [InlineData("{'type':'ExternalName','ports':null}", "spec.externalName: Required value")]
    [InlineData("{'type':'ExternalName','ports':null,'externalName':'a.example.com'}", "")]
    [InlineData("{'externalIPs':['x']}", "spec.externalIPs[0]: Invalid value: \"x\": must be a valid IP address")]
    [InlineData(
        "{'externalTrafficPolicy':'Local'}",
        "spec.externalTrafficPolicy: Invalid value: \"Local\": may only be set for externally-accessible services"
    )]
    [InlineData("{'internalTrafficPolicy':'Near'}", "spec.internalTrafficPolicy: Unsupported value: \"Near\"")]
    [InlineData("{'selector':{'a b':'c'}}", "spec.selector: Invalid value: \"a b\"")]
    public void Services_are_held_to_upstreams_rules(string change, string expected) =>
        Check(expected, Samples.Problems(Samples.With(Samples.Service, $"{{'spec':{change}}}")));

    [Fact]
    public void A_services_address_stays()
    {
        var text = Samples.With(Samples.Service, "{'spec':{'clusterIP':'10.96.0.7'}}").ToJsonString();

        CheckUpdate(
            "spec.clusterIPs[0]: Invalid value: [\"10.96.0.8\"]: may not change once set",
            text,
            "{'spec':{'clusterIP':'10.96.0.8','clusterIPs':['10.96.0.8']}}"
        );
        CheckUpdate("", text, "{'spec':{'clusterIP':null,'clusterIPs':null}}");
        CheckUpdate("", text, "{'spec':{'type':'ExternalName','externalName':'a','ports':null}}");
    }

    [Theory]
    [InlineData(ConfigMap, "{}", "")]
    [InlineData(
        ConfigMap,
        "{'data':{'a/b':'c'}}",
        "data[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
    )]
    [InlineData(ConfigMap, "{'data':{'..a':'c'}}", "data[..a]: Invalid value: \"..a\": must not start with '..'")]
    [InlineData(ConfigMap, "{'data':{'.a_B-c':'c'}}", "")]
    [InlineData(ConfigMap, "{'binaryData':{'k':'dg=='}}", "data[k]: Invalid value: \"k\": duplicate of key present in binaryData")]
    [InlineData(Secret, "{'data':{'a/b':'dg=='}}", "data[a/b]: Invalid value: \"a/b\"")]
    [InlineData(Secret, "{'type':'kubernetes.io/tls'}", "data[tls.crt]: Required value ; data[tls.key]: Required value")]
    [InlineData(Secret, "{'type':'kubernetes.io/tls','data':{'tls.crt':'','tls.key':''}}", "")]
    [InlineData(Secret, "{'type':'kubernetes.io/dockerconfigjson'}", "data[.dockerconfigjson]: Required value")]
    [InlineData(
        Secret,
        "{'type':'kubernetes.io/dockerconfigjson','data':{'.dockerconfigjson':'eA=='}}",
        "data[.dockerconfigjson]: Invalid value: \"<secret contents redacted>\""
    )]
    [InlineData(Secret, "{'type':'kubernetes.io/dockerconfigjson','data':{'.dockerconfigjson':'e30='}}", "")]
    [InlineData(Secret, "{'type':'kubernetes.io/basic-auth'}", "data[%s][username]: Required value ; data[%s][password]: Required value")]
    [InlineData(Secret, "{'type':'kubernetes.io/basic-auth','data':{'username':'eA=='}}", "")]
    [InlineData(Secret, "{'type':'kubernetes.io/ssh-auth'}", "data[%s][ssh-privatekey]: Required value")]
    [InlineData(
        Secret,
        "{'type':'kubernetes.io/service-account-token'}",
        "metadata.annotations[kubernetes.io/service-account.name]: Required value"
    )]
    [InlineData(Node, "{'spec':{'taints':[{'key':'a','effect':'NoSchedule'}]}}", "")]
    [InlineData(Node, "{'spec':{'taints':[{'key':'a'}]}}", "metadata.taints[0].effect: Required value")]
    [InlineData(Node, "{'spec':{'taints':[{'key':'a','effect':'Push'}]}}", "metadata.taints[0].effect: Unsupported value: \"Push\"")]
    [InlineData(
        Node,
        "{'spec':{'taints':[{'key':'a','effect':'NoSchedule'},{'key':'a','effect':'NoSchedule'}]}}",
        "metadata.taints[1]: Duplicate value: {\"Key\":\"a\",\"Value\":\"\",\"Effect\":\"NoSchedule\",\"TimeAdded\":null}: "
            + "taints must be unique by key and effect pair"
    )]
    [InlineData(
        Node,
        "{'status':{'capacity':{'cpu':'-4'}}}",
        "status.capacity.cpu: Invalid value: \"-4\": must be greater than or equal to 0"
    )]
    [InlineData(Lease, "{'spec':{'leaseDurationSeconds':0}}", "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0")]
    [InlineData(Lease, "{'spec':{'leaseDurationSeconds':1,'leaseTransitions':0}}", "")]
    [InlineData(Lease, "{'spec':{'leaseTransitions':-1}}", "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData(
        Lease,
        "{'spec':{'preferredHolder':'x'}}",
        "spec.preferredHolder: Forbidden: strategy must be specified when preferredHolder is specified"
    )]
    [InlineData(Event, "{}", "")]
    [InlineData(Event, "{'involvedObject':{'namespace':'default'}}", "")]
    [InlineData(
        Event,
        "{'involvedObject':{'namespace':'other'}}",
        "involvedObject.namespace: Invalid value: \"other\": does not match event.namespace"
    )]
    [InlineData(
        Event,
        "{'metadata':{'namespace':'other'}}",
        "involvedObject.namespace: Invalid value: \"\": does not match event.namespace"
    )]
    [InlineData(Slice, "{'addressType':null}", "addressType: Required value")]
    [InlineData(
        Slice,
        "{'addressType':'IPv5'}",
        "addressType: Unsupported value: \"IPv5\": supported values: \"FQDN\", \"IPv4\", \"IPv6\""
    )]
    [InlineData(Slice, "{'endpoints':[{'addresses':[]}]}", "endpoints[0].addresses: Required value: must contain at least 1 address")]
    [InlineData(
        Slice,
        "{'endpoints':[{'addresses':['fd00::1']}]}",
        "endpoints[0].addresses[0]: Invalid value: \"fd00::1\": must be a valid IPv4 address"
    )]
    [InlineData(Slice, "{'endpoints':[{'addresses':['10.0.0.1']}],'ports':[{'port':80}]}", "")]
    [InlineData(Slice, "{'ports':[{'port':80,'name':'a'},{'port':81,'name':'a'}]}", "ports[1].name: Duplicate value: \"a\"")]
    [InlineData(Slice, "{'ports':[{'port':80,'protocol':'x'}]}", "ports[0].protocol: Unsupported value: \"x\"")]
    public void Other_kinds_are_held_to_upstreams_rules(string text, string change, string expected) =>
        Check(expected, Samples.Problems(Samples.With(text, change)));

    [Theory]
    [InlineData(Secret, "{'type':'x'}", "type: Invalid value: \"x\": field is immutable")]
    [InlineData(Node, "{'spec':{'unschedulable':true,'taints':[{'key':'a','effect':'NoSchedule'}],'providerID':'x'}}", "")]
    [InlineData(
        Node,
        "{'spec':{'podCIDR':'10.0.1.0/24'}}",
        "spec.podCIDRs: Forbidden: node updates may not change podCIDR except from \"\" to valid"
    )]
    [InlineData(Node, "{'spec':{'externalID':'x'}}", "spec.externalID: Forbidden: may not be updated")]
    [InlineData(Slice, "{'addressType':'IPv6'}", "addressType: Invalid value: \"IPv6\": field is immutable")]
    public void Some_fields_stay(string text, string change, string expected) => CheckUpdate(expected, text, change);

    [Theory]
    [InlineData(ConfigMap)]
    [InlineData(Secret)]
    public void What_is_immutable_stays_so_with_its_data(string text)
    {
        var immutable = Samples.With(text, "{'immutable':true}").ToJsonString();

        CheckUpdate("", text, "{'immutable':true,'data':{'k':'eA=='}}");
        CheckUpdate("data: Forbidden: field is immutable when `immutable` is set", immutable, "{'data':{'k':'eA=='}}");
        CheckUpdate("immutable: Forbidden: field is immutable when `immutable` is set", immutable, "{'immutable':null}");
        CheckUpdate("", immutable, "{'metadata':{'labels':{'a':'b'}}}");
    }

    [Fact]
    public void Data_is_at_most_a_mebibyte()
    {
        var most = new string('x', 1024 * 1024 - 1);

        Check("", Samples.Problems(Samples.With(ConfigMap, $"{{'data':{{'k':'{most}'}}}}")));
        Check(
            "[]: Too long: may not be more than 1048576 bytes",
            Samples.Problems(Samples.With(ConfigMap, $"{{'data':{{'k':'{most}','j':'xx'}}}}"))
        );
        Check(
            "data: Too long: may not be more than 1048576 bytes",
            Samples.Problems(Samples.With(Secret, $"{{'stringData':{{'k':'{most}','j':'xx'}}}}"))
        );
    }

    [Theory]
    [InlineData(Samples.Pod, "{}", "")]
    [InlineData(Samples.Pod, "{'metadata':{'name':null}}", "metadata.name: Required value: name or generateName is required")]
    [InlineData(
        Samples.Pod,
        "{'metadata':{'name':'A'}}",
        "metadata.name: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'"
    )]
    [InlineData(Samples.Pod, "{'metadata':{'name':'a.b-c'}}", "")]
    [InlineData(Samples.Pod, "{'metadata':{'generateName':'A-'}}", "metadata.generateName: Invalid value: \"A-\"")]
    [InlineData(Samples.Pod, "{'metadata':{'generateName':'a-'}}", "")]
    [InlineData(Samples.Pod, "{'metadata':{'namespace':null}}", "metadata.namespace: Required value")]
    [InlineData(Samples.Pod, "{'metadata':{'namespace':'a.b'}}", "metadata.namespace: Invalid value: \"a.b\"")]
    [InlineData(Node, "{'metadata':{'namespace':'a'}}", "metadata.namespace: Forbidden: not allowed on this type")]
    [InlineData(Samples.Service, "{'metadata':{'name':'1a'}}", "metadata.name: Invalid value: \"1a\": a DNS-1035 label must consist of")]
    [InlineData(Samples.Pod, "{'metadata':{'labels':{'a/b/c':'d'}}}", "metadata.labels: Invalid value: \"a/b/c\"")]
    [InlineData(
        Samples.Pod,
        "{'metadata':{'labels':{'a':'b c'}}}",
        "metadata.labels: Invalid value: \"b c\": a valid label must be an empty string or consist of"
    )]
    [InlineData(Samples.Pod, "{'metadata':{'labels':{'example.com/a':''}}}", "")]
    [InlineData(Samples.Pod, "{'metadata':{'annotations':{'a b':'c'}}}", "metadata.annotations: Invalid value: \"a b\"")]
    [InlineData(Samples.Pod, "{'metadata':{'annotations':{'Example.COM/a':'anything at all'}}}", "")]
    [InlineData(
        Samples.Pod,
        "{'metadata':{'finalizers':['mine']}}",
        "metadata.finalizers[0]: Invalid value: \"mine\": name is neither a standard finalizer name nor is it fully qualified"
    )]
    [InlineData(Samples.Pod, "{'metadata':{'finalizers':['example.com/mine','foregroundDeletion']}}", "")]
    [InlineData(
        Samples.Pod,
        "{'metadata':{'ownerReferences':[{'apiVersion':'v1','kind':'Pod','name':'a'}]}}",
        "metadata.ownerReferences[0].uid: Invalid value: \"\": must not be empty"
    )]
    [InlineData(
        Samples.Pod,
        "{'metadata':{'ownerReferences':[{'apiVersion':'v1','kind':'Event','name':'a','uid':'1'}]}}",
        "metadata.ownerReferences[0]: Invalid value: \"v1, Kind=Event\": is disallowed from being an owner"
    )]
    [InlineData(
        Samples.Pod,
        "{'metadata':{'ownerReferences':[{'apiVersion':'v1','kind':'Pod','name':'a','uid':'1','controller':true},"
            + "{'apiVersion':'v1','kind':'Pod','name':'b','uid':'2'}]}}",
        ""
    )]
    public void Metadata_is_held_to_upstreams_rules(string text, string change, string expected)
    {
        var document = Samples.With(text, change);
        var errors = new FieldErrors();
        MetadataValidation.Validate(document, Samples.Kind(document), errors);

        Check(expected, [.. errors.All.Select(e => e.ToString())]);
    }

    [Fact]
    public void An_object_has_at_most_one_controller()
    {
        const string owners =
            "[{'apiVersion':'v1','kind':'Pod','name':'a','uid':'1','controller':true},{'apiVersion':'v1','kind':'Pod',"
            + "'name':'b','uid':'2','controller':true}]";
        var document = Samples.With(Samples.Pod, $"{{'metadata':{{'ownerReferences':{owners}}}}}");
        var errors = new FieldErrors();
        MetadataValidation.Validate(document, Samples.Kind(document), errors);

        Assert.Contains(
            "Only one reference can have Controller set to true. Found \"true\" in references for Pod/a and Pod/b",
            errors.All.Single().Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("{'hostNetwork':false,'nodeName':'','nodeSelector':{},'volumes':[]}", "{}", true)]
    [InlineData(
        "{'containers':[{'name':'c','resources':{'limits':{'cpu':'1000m'}}}]}",
        "{'containers':[{'name':'c','resources':{'limits':{'cpu':'1'}}}]}",
        true
    )]
    [InlineData("{'containers':[{'name':'c'}]}", "{'containers':[{'name':'c','resources':{}}]}", true)]
    [InlineData("{'terminationGracePeriodSeconds':0}", "{}", false)]
    [InlineData("{'securityContext':{}}", "{}", false)]
    [InlineData("{'containers':[{'name':'c'}]}", "{'containers':[{'name':'d'}]}", false)]
    [InlineData("{'nodeSelector':{'a':'b'}}", "{'nodeSelector':{'a':''}}", false)]
    public void Documents_are_equal_when_upstreams_values_are(string left, string right, bool equal)
    {
        var type = KubernetesSchemas.ByName("io.k8s.api.core.v1.PodSpec")!;

        Assert.Equal(equal, SemanticEquality.Equal(Samples.Parse(left), Samples.Parse(right), type));
    }
}
