using System.Text;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Kinds.Rows;

/// <summary>What v1 has besides workloads, Services and volumes: configuration, secrets, namespaces and nodes.</summary>
public sealed class CoreRows
{
    private const string ConfigMap =
        """{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'c','namespace':'default'},'data':{'k':'v'}}""";
    private const string Secret =
        """{'apiVersion':'v1','kind':'Secret','metadata':{'name':'s','namespace':'default'},'data':{'k':'dg=='}}""";
    private const string Namespace = """{'apiVersion':'v1','kind':'Namespace','metadata':{'name':'n'}}""";
    private const string Account =
        """{'apiVersion':'v1','kind':'ServiceAccount','metadata':{'name':'bot','namespace':'default'},"""
        + """'secrets':[{'name':'a'}],'imagePullSecrets':[{'name':'b'}]}""";

    private const string Node =
        """{'apiVersion':'v1','kind':'Node','metadata':{'name':'n'},'spec':{'podCIDR':'10.0.0.0/24',"""
        + """'providerID':'cloud://1'},'status':{'capacity':{'cpu':'4','pods':'110'}}}""";

    [Fact]
    public void What_is_not_said_is_filled_in()
    {
        Rows.CheckDefaults("{}", ConfigMap);
        Rows.CheckDefaults("{'type':'Opaque'}", Secret);
        Rows.CheckDefaults(
            "{'stringData':null,'data':{'l':'dw=='},'type':'Opaque'}",
            Samples.With(Secret, "{'stringData':{'l':'w'}}").ToJsonString()
        );
        Rows.CheckDefaults("{'spec':{'finalizers':['kubernetes']},'status':{'phase':'Active'}}", Namespace);
        Rows.CheckDefaults("{}", Account);
        Rows.CheckDefaults("{'spec':{'podCIDRs':['10.0.0.0/24']},'status':{'allocatable':{'cpu':'4','pods':'110'}}}", Node);
    }

    [Theory]
    [InlineData("{'podCIDR':'10.0.0.0/24'}", """{"podCIDR":"10.0.0.0/24","podCIDRs":["10.0.0.0/24"]}""")]
    [InlineData("{'podCIDRs':['10.0.0.0/24','fd00::/64']}", """{"podCIDRs":["10.0.0.0/24","fd00::/64"],"podCIDR":"10.0.0.0/24"}""")]
    [InlineData("{'podCIDR':'10.0.0.0/24','podCIDRs':['10.0.1.0/24']}", """{"podCIDR":"10.0.0.0/24","podCIDRs":["10.0.0.0/24"]}""")]
    public void A_nodes_range_is_the_first_of_its_ranges(string spec, string expected) =>
        Assert.Equal(
            expected,
            Samples.Created($"{{'apiVersion':'v1','kind':'Node','metadata':{{'name':'n'}},'spec':{spec}}}")["spec"]!.ToJsonString()
        );

    [Theory]
    [InlineData("{}", "")]
    [InlineData(
        "{'data':{'a b':'c'}}",
        "data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
            + "'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
    )]
    [InlineData("{'data':{'':'c'}}", "data[]: Invalid value: \"\": a valid config key must consist of ...")]
    [InlineData("{'data':{'.':'c'}}", "data[.]: Invalid value: \".\": must not be '.'")]
    [InlineData("{'data':{'..':'c'}}", "data[..]: Invalid value: \"..\": must not be '..'")]
    [InlineData("{'data':{'..a':'c'}}", "data[..a]: Invalid value: \"..a\": must not start with '..'")]
    [InlineData("{'binaryData':{'a/b':'eA=='}}", "binaryData[a/b]: Invalid value: \"a/b\": a valid config key must consist of ...")]
    [InlineData("{'binaryData':{'k':'eA=='}}", "data[k]: Invalid value: \"k\": duplicate of key present in binaryData")]
    [InlineData("{'data':null}", "")]
    public void Config_maps_are_held_to_upstreams_rules(string change, string expected) => Rows.Check(expected, ConfigMap, change);

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'data':{'a b':'eA=='}}", "data[a b]: Invalid value: \"a b\": a valid config key must consist of ...")]
    [InlineData("{'type':'kubernetes.io/dockercfg'}", "data[.dockercfg]: Required value")]
    [InlineData(
        "{'type':'kubernetes.io/dockercfg','data':{'.dockercfg':'eA=='}}",
        "data[.dockercfg]: Invalid value: \"<secret contents redacted>\": invalid character 'x' looking for beginning of value"
    )]
    [InlineData(
        "{'type':'kubernetes.io/dockercfg','data':{'.dockercfg':''}}",
        "data[.dockercfg]: Invalid value: \"<secret contents redacted>\": unexpected end of JSON input"
    )]
    [InlineData(
        "{'type':'kubernetes.io/dockercfg','data':{'.dockercfg':'W10='}}",
        "data[.dockercfg]: Invalid value: \"<secret contents redacted>\": json: cannot unmarshal array into Go value of type "
            + "map[string]interface {}"
    )]
    [InlineData("{'type':'kubernetes.io/dockercfg','data':{'.dockercfg':'e30='}}", "")]
    [InlineData("{'type':'kubernetes.io/dockerconfigjson'}", "data[.dockerconfigjson]: Required value")]
    [InlineData("{'type':'kubernetes.io/basic-auth'}", "data[%s][username]: Required value ; data[%s][password]: Required value")]
    [InlineData("{'type':'kubernetes.io/basic-auth','data':{'password':''}}", "")]
    [InlineData("{'type':'kubernetes.io/ssh-auth'}", "data[%s][ssh-privatekey]: Required value")]
    [InlineData("{'type':'kubernetes.io/ssh-auth','data':{'ssh-privatekey':''}}", "data[%s][ssh-privatekey]: Required value")]
    [InlineData("{'type':'kubernetes.io/tls','data':{'tls.crt':'eA=='}}", "data[tls.key]: Required value")]
    [InlineData(
        "{'type':'kubernetes.io/service-account-token'}",
        "metadata.annotations[kubernetes.io/service-account.name]: Required value"
    )]
    [InlineData("{'type':'example.com/mine'}", "")]
    [InlineData("{'data':{'':'eA=='}}", "data[]: Invalid value: \"\": a valid config key must consist of ...")]
    public void Secrets_are_held_to_upstreams_rules(string change, string expected) => Rows.Check(expected, Secret, change);

    [Fact]
    public void Data_is_at_most_a_mebibyte()
    {
        const int most = 1024 * 1024;
        Rows.Check("", ConfigMap, $"{{'data':{{'k':'{new string('x', most)}'}}}}");
        Rows.Check("[]: Too long: may not be more than 1048576 bytes", ConfigMap, $"{{'data':{{'k':'{new string('x', most)}y'}}}}");
        Rows.Check("", Secret, $"{{'data':{{'k':'{Convert.ToBase64String(new byte[most])}'}}}}");
        Rows.Check(
            "data: Too long: may not be more than 1048576 bytes",
            Secret,
            $"{{'data':{{'k':'{Convert.ToBase64String(new byte[most + 1])}'}}}}"
        );
        Rows.Check(
            "[]: Too long: may not be more than 1048576 bytes",
            ConfigMap,
            $"{{'data':null,'binaryData':{{'k':'{Convert.ToBase64String(Encoding.UTF8.GetBytes(new string('x', most + 1)))}'}}}}"
        );
    }

    [Theory]
    [InlineData(ConfigMap, "{'data':{'k':'w'}}", "data: Forbidden: field is immutable when `immutable` is set")]
    [InlineData(ConfigMap, "{'binaryData':{'l':'dw=='}}", "binaryData: Forbidden: field is immutable when `immutable` is set")]
    [InlineData(ConfigMap, "{'immutable':false}", "immutable: Forbidden: field is immutable when `immutable` is set")]
    [InlineData(ConfigMap, "{'metadata':{'annotations':{'a':'b'}}}", "")]
    [InlineData(Secret, "{'data':{'k':'dw=='}}", "data: Forbidden: field is immutable when `immutable` is set")]
    [InlineData(Secret, "{'stringData':{'k':'v'}}", "")]
    [InlineData(Secret, "{'stringData':{'k':'w'}}", "data: Forbidden: field is immutable when `immutable` is set")]
    [InlineData(Secret, "{'type':'example.com/mine'}", "type: Invalid value: \"example.com/mine\": field is immutable")]
    public void What_is_immutable_stays(string text, string change, string expected) =>
        Rows.CheckUpdate(expected, Samples.With(text, "{'immutable':true}").ToJsonString(), change);

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'spec':{'finalizers':['example.com/mine']}}", "")]
    [InlineData(
        "{'spec':{'finalizers':['mine']}}",
        "spec.finalizers: Invalid value: \"mine\": name is neither a standard finalizer name nor is it fully qualified"
    )]
    [InlineData("{'spec':{'finalizers':['a b']}}", "spec.finalizers: Invalid value: \"a b\": name part must consist of ...")]
    public void Namespaces_are_held_to_upstreams_rules(string change, string expected) => Rows.Check(expected, Namespace, change);

    [Theory]
    [InlineData("['example.com/mine','orphan']", "")]
    [InlineData(
        "['example.com/mine','mine']",
        "metadata.finalizers[1]: Invalid value: \"mine\": name is neither a standard finalizer name nor is it fully qualified"
    )]
    [InlineData(
        "['orphan','foregroundDeletion']",
        "metadata.finalizers: Invalid value: [\"orphan\",\"foregroundDeletion\"]: finalizer orphan and foregroundDeletion "
            + "cannot be both set"
    )]
    public void Finalizers_have_domains(string finalizers, string expected) =>
        Assert.Equal(expected, Metadata(finalizers, isCustom: false));

    [Fact]
    public void Finalizers_of_kinds_that_others_define_need_no_domain()
    {
        Assert.Equal("", Metadata("['mine']", isCustom: true));
        Assert.StartsWith(
            "metadata.finalizers: Invalid value: \"a b\": name part must consist of",
            Metadata("['a b']", isCustom: true),
            StringComparison.Ordinal
        );
    }

    private static string Metadata(string finalizers, bool isCustom)
    {
        var document = Samples.With(ConfigMap, $"{{'metadata':{{'finalizers':{finalizers}}}}}");
        var errors = new FieldErrors();
        MetadataValidation.Validate(document, Samples.Kind(document) with { IsCustom = isCustom }, errors);
        return string.Join(" ; ", errors.All);
    }

    [Fact]
    public void The_finalizers_of_a_namespace_are_not_an_updates_to_change()
    {
        var old = Samples.Created(Namespace);
        var changed = Samples.With(old.ToJsonString(), "{'spec':{'finalizers':[]}}");
        Assert.Empty(Samples.Problems(changed, old));
        Assert.Equal("""["kubernetes"]""", changed["spec"]!["finalizers"]!.ToJsonString());
    }

    [Theory]
    [InlineData("{}", "")]
    [InlineData(
        "{'spec':{'taints':[{'key':'a b','effect':'NoSchedule'}]}}",
        "metadata.taints[0].key: Invalid value: \"a b\": name part must consist of ..."
    )]
    [InlineData(
        "{'spec':{'taints':[{'key':'a','value':'b c','effect':'NoSchedule'}]}}",
        "metadata.taints[0].value: Invalid value: \"b c\": a valid label must be ..."
    )]
    [InlineData("{'spec':{'taints':[{'key':'a'}]}}", "metadata.taints[0].effect: Required value")]
    [InlineData(
        "{'spec':{'taints':[{'key':'a','effect':'Push'}]}}",
        "metadata.taints[0].effect: Unsupported value: \"Push\": supported values: \"NoSchedule\", \"PreferNoSchedule\", \"NoExecute\""
    )]
    [InlineData(
        "{'spec':{'taints':[{'key':'a','effect':'NoSchedule'},{'key':'a','value':'b','effect':'NoSchedule'}]}}",
        "metadata.taints[1]: Duplicate value: {\"Key\":\"a\",\"Value\":\"b\",\"Effect\":\"NoSchedule\",\"TimeAdded\":null}: "
            + "taints must be unique by key and effect pair"
    )]
    [InlineData("{'spec':{'taints':[{'key':'a','effect':'NoSchedule'},{'key':'a','effect':'NoExecute'}]}}", "")]
    [InlineData(
        "{'spec':{'podCIDR':'all'}}",
        "spec.podCIDRs[0]: Invalid value: \"all\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
    )]
    [InlineData(
        "{'spec':{'podCIDRs':['10.0.0.0/24','10.0.1.0/24']}}",
        "spec.podCIDRs: Invalid value: [\"10.0.0.0/24\",\"10.0.1.0/24\"]: may specify no more than one CIDR for each IP family"
    )]
    [InlineData("{'spec':{'podCIDRs':['10.0.0.0/24','fd00::/64']}}", "")]
    [InlineData(
        "{'status':{'capacity':{'cpu':'-4'}}}",
        "status.capacity.cpu: Invalid value: \"-4\": must be greater than or equal to 0 ; status.allocatable.cpu: Invalid "
            + "value: \"-4\": must be greater than or equal to 0"
    )]
    [InlineData(
        "{'status':{'capacity':{'pods':'1500m'},'allocatable':{}}}",
        "status.capacity.pods: Invalid value: \"1500m\": must be an integer"
    )]
    [InlineData(
        "{'status':{'allocatable':{'example.com/gpu':'0.5'}}}",
        "status.allocatable.example.com/gpu: Invalid value: \"0.5\": must be an integer"
    )]
    public void Nodes_are_held_to_upstreams_rules(string change, string expected) => Rows.Check(expected, Node, change);

    [Theory]
    [InlineData("{'spec':{'unschedulable':true,'taints':[{'key':'a','effect':'NoSchedule'}]}}", "")]
    [InlineData(
        "{'spec':{'podCIDR':'10.0.1.0/24','podCIDRs':['10.0.1.0/24']}}",
        "spec.podCIDRs: Forbidden: node updates may not change podCIDR except from \"\" to valid"
    )]
    [InlineData(
        "{'spec':{'podCIDR':null,'podCIDRs':null}}",
        "spec.podCIDRs: Forbidden: node updates may not change podCIDR except from \"\" to valid"
    )]
    [InlineData(
        "{'spec':{'providerID':'cloud://2'}}",
        "spec.providerID: Forbidden: node updates may not change providerID except from \"\" to valid"
    )]
    [InlineData("{'spec':{'externalID':'x'}}", "spec.externalID: Forbidden: may not be updated")]
    [InlineData(
        "{'status':{'addresses':[{'type':'InternalIP','address':'a'},{'type':'InternalIP','address':'a'}]}}",
        "status.addresses[1]: Duplicate value: {\"Type\":\"InternalIP\",\"Address\":\"a\"}"
    )]
    public void What_a_node_is_stays(string change, string expected) => Rows.CheckUpdate(expected, Node, change);

    [Fact]
    public void What_a_node_is_may_be_told_once() =>
        Rows.CheckUpdate(
            "",
            Samples.With(Node, "{'spec':null}").ToJsonString(),
            "{'spec':{'podCIDR':'10.0.0.0/24','providerID':'cloud://1'}}"
        );

    [Fact]
    public void Tables_show_what_kubectl_shows()
    {
        Rows.CheckRow("c | 2 | 5m12s", ConfigMap, "{'binaryData':{'l':'eA=='}}");
        Rows.CheckRow("s | Opaque | 1 | 5m12s", Secret, "{'type':'Opaque'}");
        Rows.CheckRow("n | Active | 5m12s", Namespace, "{'status':{'phase':'Active'}}");
        Rows.CheckRow("bot | 1 | 5m12s", Account);
        Rows.CheckRow("n | Unknown | <none> | 5m12s |  [<none> | <none> | <unknown> | <unknown> | <unknown>]", Node);
        Rows.CheckRow(
            "n | Ready,SchedulingDisabled | control-plane,gpu | 5m12s | v1.35.0 [10.1.0.1 | 1.2.3.4 | Linux | 6.1 | petrel://1]",
            Node,
            """
            {'metadata':{'labels':{'node-role.kubernetes.io/gpu':'','node-role.kubernetes.io/control-plane':''}},
            'spec':{'unschedulable':true},'status':{'conditions':[{'type':'Ready','status':'True'}],
            'addresses':[{'type':'InternalIP','address':'10.1.0.1'},{'type':'ExternalIP','address':'1.2.3.4'}],
            'nodeInfo':{'kubeletVersion':'v1.35.0','osImage':'Linux','kernelVersion':'6.1','containerRuntimeVersion':'petrel://1'}}}
            """
        );
        Rows.CheckRow(
            "n | NotReady | <none> | 5m12s |  [<none> | <none> | <unknown> | <unknown> | <unknown>]",
            Node,
            "{'status':{'conditions':[{'type':'Ready','status':'Unknown'}]}}"
        );
    }

    [Theory]
    [InlineData(ConfigMap)]
    [InlineData(Secret)]
    [InlineData(Account)]
    [InlineData(Node)]
    public Task Objects_are_created_read_changed_and_deleted(string text) => Rows.CheckRoundTripAsync(text);
}
