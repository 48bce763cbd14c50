using Petrel.ApiServer.Composition;

namespace Petrel.ApiServer.Tests.Kinds.Rows;

/// <summary>networking.k8s.io/v1, discovery.k8s.io/v1, and v1 Endpoints.</summary>
public sealed class NetworkRows
{
    private const string Ingress = """
        {'apiVersion':'networking.k8s.io/v1','kind':'Ingress','metadata':{'name':'web','namespace':'default'},
        'spec':{'rules':[{'host':'a.example.com',
        'http':{'paths':[{'path':'/','pathType':'Prefix','backend':{'service':{'name':'web','port':{'number':80}}}}]}}]}}
        """;

    private const string IngressClass =
        """{'apiVersion':'networking.k8s.io/v1','kind':'IngressClass','metadata':{'name':'petrel'},"""
        + """'spec':{'controller':'petrel.dev/ingress'}}""";

    private const string NetworkPolicy =
        """{'apiVersion':'networking.k8s.io/v1','kind':'NetworkPolicy','metadata':{'name':'closed','namespace':'default'},"""
        + """'spec':{'podSelector':{'matchLabels':{'app':'db'}},'ingress':[{'ports':[{'port':5432}]}]}}""";

    private const string ServiceCidr =
        """{'apiVersion':'networking.k8s.io/v1','kind':'ServiceCIDR','metadata':{'name':'more'},'spec':{'cidrs':['10.120.0.0/16']}}""";

    private const string IpAddress =
        """{'apiVersion':'networking.k8s.io/v1','kind':'IPAddress','metadata':{'name':'10.120.0.7'},"""
        + """'spec':{'parentRef':{'resource':'services','namespace':'default','name':'web'}}}""";

    private const string Endpoints =
        """{'apiVersion':'v1','kind':'Endpoints','metadata':{'name':'web','namespace':'default'},"""
        + """'subsets':[{'addresses':[{'ip':'10.1.2.3'}],'ports':[{'port':80}]}]}""";

    private const string Slice = """
        {'apiVersion':'discovery.k8s.io/v1','kind':'EndpointSlice','metadata':{'name':'web-1','namespace':'default',
        'labels':{'kubernetes.io/service-name':'web'}},'addressType':'IPv4',
        'endpoints':[{'addresses':['10.1.2.3'],'conditions':{'ready':true}}],'ports':[{'port':80}]}
        """;

    [Fact]
    public void What_is_not_said_is_filled_in()
    {
        Rows.CheckDefaults("{'status':{'loadBalancer':{}}}", Ingress);
        Rows.CheckDefaults("{}", IngressClass);
        Rows.CheckDefaults("{'spec':{'policyTypes':['Ingress'],'ingress':[{'ports':[{'port':5432,'protocol':'TCP'}]}]}}", NetworkPolicy);
        Rows.CheckDefaults("{'subsets':[{'addresses':[{'ip':'10.1.2.3'}],'ports':[{'port':80,'protocol':'TCP'}]}]}", Endpoints);
        Rows.CheckDefaults("{'ports':[{'port':80,'name':'','protocol':'TCP'}]}", Slice);
    }

    [Fact]
    public void A_policy_with_rules_for_what_leaves_is_about_that_too()
    {
        var policy = Samples.Created(Samples.With(NetworkPolicy, "{'spec':{'egress':[{'to':[{'ipBlock':{'cidr':'10.0.0.0/8'}}]}]}}"));
        Assert.Equal("""["Ingress","Egress"]""", policy["spec"]!["policyTypes"]!.ToJsonString());
    }

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'rules':null}", "spec: Invalid value: null: either `defaultBackend` or `rules` must be specified")]
    [InlineData("{'rules':null,'defaultBackend':{'service':{'name':'web','port':{'name':'http'}}}}", "")]
    [InlineData(
        "{'rules':[{'host':'10.0.0.1','http':{'paths':[{'path':'/','pathType':'Prefix','backend':{'service':{'name':'web',"
            + "'port':{'number':80}}}}]}}]}",
        "spec.rules[0].host: Invalid value: \"10.0.0.1\": must be a DNS name, not an IP address"
    )]
    [InlineData(
        "{'rules':[{'host':'*.example.com','http':{'paths':[{'path':'/','pathType':'Exact','backend':{'service':{'name':'web',"
            + "'port':{'number':80}}}}]}}]}",
        ""
    )]
    [InlineData("{'rules':[{'http':{'paths':[]}}]}", "spec.rules[0].http.paths: Required value")]
    [InlineData(
        "{'rules':[{'http':{'paths':[{'path':'/','backend':{'service':{'name':'web','port':{'number':80}}}}]}}]}",
        "spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified"
    )]
    [InlineData(
        "{'rules':[{'http':{'paths':[{'path':'/','pathType':'Regex','backend':{'service':{'name':'web','port':{'number':80}}}}]}}]}",
        "spec.rules[0].http.paths[0].pathType: Unsupported value: \"Regex\": supported values: \"Exact\", "
            + "\"ImplementationSpecific\", \"Prefix\""
    )]
    [InlineData(
        "{'rules':[{'http':{'paths':[{'path':'a','pathType':'Prefix','backend':{'service':{'name':'web','port':{'number':80}}}}]}}]}",
        "spec.rules[0].http.paths[0].path: Invalid value: \"a\": must be an absolute path"
    )]
    [InlineData(
        "{'rules':[{'http':{'paths':[{'path':'/a/../b','pathType':'Exact','backend':{'service':{'name':'web','port':{'number':80}}}}]}}]}",
        "spec.rules[0].http.paths[0].path: Invalid value: \"/a/../b\": must not contain '/../'"
    )]
    [InlineData(
        "{'rules':[{'http':{'paths':[{'path':'/','pathType':'Prefix','backend':{}}]}}]}",
        "spec.rules[0].http.paths[0].backend: Invalid value: \"\": resource or service backend is required"
    )]
    [InlineData(
        "{'rules':[{'http':{'paths':[{'path':'/','pathType':'Prefix','backend':{'service':{'name':'web','port':{'number':80,"
            + "'name':'http'}}}}]}}]}",
        "spec.rules[0].http.paths[0].backend: Invalid value: \"\": cannot set both port name & port number"
    )]
    [InlineData(
        "{'rules':[{'http':{'paths':[{'path':'/','pathType':'Prefix','backend':{'service':{'name':'web'}}}]}}]}",
        "spec.rules[0].http.paths[0].backend: Required value: port name or number is required"
    )]
    [InlineData("{'ingressClassName':'A B'}", "spec.ingressClassName: Invalid value: \"A B\": ...")]
    [InlineData("{'tls':[{'hosts':['a_b']}]}", "spec.tls[0].hosts[0]: Invalid value: \"a_b\": ...")]
    public void Ingresses_are_held_to_upstreams_rules(string change, string expected) =>
        Rows.Check(expected, Ingress, $"{{'spec':{change}}}");

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'controller':''}", "spec.controller: Required value")]
    [InlineData(
        "{'controller':'ingress'}",
        "spec.controller: Invalid value: \"ingress\": must be a domain-prefixed path (such as \"acme.io/foo\")"
    )]
    [InlineData(
        "{'parameters':{'kind':'Settings','name':'a','scope':'Namespace'}}",
        "spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"
    )]
    [InlineData(
        "{'parameters':{'kind':'Settings','name':'a','namespace':'b'}}",
        "spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"
    )]
    [InlineData(
        "{'parameters':{'kind':'Settings','name':'a','scope':'Planet'}}",
        "spec.parameters.scope: Unsupported value: \"Planet\": supported values: \"Cluster\", \"Namespace\""
    )]
    public void Ingress_classes_are_held_to_upstreams_rules(string change, string expected) =>
        Rows.Check(expected, IngressClass, $"{{'spec':{change}}}");

    [Fact]
    public void The_controller_of_an_ingress_class_stays() =>
        Rows.CheckUpdate(
            "spec.controller: Invalid value: \"other.dev/ingress\": field is immutable",
            IngressClass,
            "{'spec':{'controller':'other.dev/ingress'}}"
        );

    [Theory]
    [InlineData("{}", "")]
    [InlineData(
        "{'policyTypes':['Ingress','Egress','Ingress']}",
        "spec.policyTypes: Invalid value: [\"Ingress\",\"Egress\",\"Ingress\"]: may not specify more than two policyTypes"
    )]
    [InlineData(
        "{'policyTypes':['Sideways']}",
        "spec.policyTypes[0]: Unsupported value: \"Sideways\": supported values: \"Ingress\", \"Egress\""
    )]
    [InlineData(
        "{'ingress':[{'ports':[{'protocol':'ICMP','port':1}]}]}",
        "spec.ingress[0].ports[0].protocol: Unsupported value: \"ICMP\": supported values: \"TCP\", \"UDP\", \"SCTP\""
    )]
    [InlineData(
        "{'ingress':[{'ports':[{'port':70000}]}]}",
        "spec.ingress[0].ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive"
    )]
    [InlineData(
        "{'ingress':[{'ports':[{'port':80,'endPort':70}]}]}",
        "spec.ingress[0].ports[0].endPort: Invalid value: 70: must be greater than or equal to `port`"
    )]
    [InlineData(
        "{'ingress':[{'ports':[{'port':'http','endPort':70}]}]}",
        "spec.ingress[0].ports[0].endPort: Invalid value: 70: may not be specified when `port` is non-numeric"
    )]
    [InlineData("{'ingress':[{'from':[{}]}]}", "spec.ingress[0].from[0]: Required value: must specify a peer")]
    [InlineData(
        "{'ingress':[{'from':[{'podSelector':{},'ipBlock':{'cidr':'10.0.0.0/8'}}]}]}",
        "spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer"
    )]
    [InlineData("{'ingress':[{'from':[{'ipBlock':{'cidr':''}}]}]}", "spec.ingress[0].from[0].ipBlock.cidr: Required value")]
    [InlineData(
        "{'ingress':[{'from':[{'ipBlock':{'cidr':'10.0.0.0/8','except':['11.0.0.0/16']}}]}]}",
        "spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: \"11.0.0.0/16\": must be a strict subset of `cidr`"
    )]
    public void Network_policies_are_held_to_upstreams_rules(string change, string expected) =>
        Rows.Check(expected, NetworkPolicy, $"{{'spec':{change}}}");

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'spec':{'cidrs':[]}}", "spec.cidrs: Required value: at least one CIDR required")]
    [InlineData("{'spec':{'cidrs':['10.0.0.0/8','11.0.0.0/8']}}", "spec.cidrs: Invalid value: ...")]
    [InlineData("{'spec':{'cidrs':['10.0.0.0']}}", "spec.cidrs[0]: Invalid value: \"10.0.0.0\": ...")]
    public void Service_ranges_are_held_to_upstreams_rules(string change, string expected) => Rows.Check(expected, ServiceCidr, change);

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'spec':{'parentRef':null}}", "spec.parentRef: Required value")]
    [InlineData("{'spec':{'parentRef':{'name':''}}}", "spec.parentRef.name: Required value")]
    public void Addresses_are_held_to_upstreams_rules(string change, string expected) => Rows.Check(expected, IpAddress, change);

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'subsets':[{'ports':[{'port':80}]}]}", "subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`")]
    [InlineData(
        "{'subsets':[{'addresses':[{'ip':'127.0.0.1'}],'ports':[{'port':80}]}]}",
        "subsets[0].addresses[0].ip: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)"
    )]
    [InlineData(
        "{'subsets':[{'addresses':[{'ip':'x'}],'ports':[{'port':80}]}]}",
        "subsets[0].addresses[0].ip: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff) ; "
            + "subsets[0].addresses[0].ip: Invalid value: \"x\": must be a valid IP address"
    )]
    [InlineData(
        "{'subsets':[{'addresses':[{'ip':'10.1.2.3'}],'ports':[{'port':0}]}]}",
        "subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"
    )]
    [InlineData(
        "{'subsets':[{'addresses':[{'ip':'10.1.2.3'}],'ports':[{'port':80},{'port':81}]}]}",
        "subsets[0].ports[0].name: Required value ; subsets[0].ports[1].name: Required value"
    )]
    public void Endpoints_are_held_to_upstreams_rules(string change, string expected) => Rows.Check(expected, Endpoints, change);

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'addressType':'IPX'}", "addressType: Unsupported value: \"IPX\": supported values: \"FQDN\", \"IPv4\", \"IPv6\"")]
    [InlineData("{'endpoints':[{'addresses':[]}]}", "endpoints[0].addresses: Required value: must contain at least 1 address")]
    [InlineData("{'endpoints':[{'addresses':['::1']}]}", "endpoints[0].addresses[0]: Invalid value: \"::1\": must be a valid IPv4 address")]
    [InlineData("{'ports':[{'port':80},{'port':81}]}", "ports[1].name: Duplicate value: \"\"")]
    public void Slices_are_held_to_upstreams_rules(string change, string expected) => Rows.Check(expected, Slice, change);

    [Fact]
    public void The_type_of_a_slices_addresses_stays() =>
        Rows.CheckUpdate(
            "addressType: Invalid value: \"IPv6\": field is immutable",
            Slice,
            "{'addressType':'IPv6','endpoints':[{'addresses':['2001:db8::1']}]}"
        );

    [Fact]
    public void Tables_show_what_kubectl_shows()
    {
        Rows.CheckRow(
            "web | petrel | a.example.com | 10.0.0.9 | 80, 443 | 5m12s",
            Ingress,
            "{'spec':{'ingressClassName':'petrel','tls':[{}]},'status':{'loadBalancer':{'ingress':[{'ip':'10.0.0.9'}]}}}"
        );
        Rows.CheckRow(
            "petrel | petrel.dev/ingress | Settings.petrel.dev/main | 5m12s",
            IngressClass,
            "{'spec':{'parameters':{'apiGroup':'petrel.dev','kind':'Settings','name':'main'}}}"
        );
        Rows.CheckRow("closed | app=db | 5m12s", NetworkPolicy);
        Rows.CheckRow("more | 10.120.0.0/16 | 5m12s", ServiceCidr);
        Rows.CheckRow("10.120.0.7 | services/default/web | 5m12s", IpAddress);
        Rows.CheckRow("web | 10.1.2.3:80 | 5m12s", Endpoints);
        Rows.CheckRow("web-1 | IPv4 | 80 | 10.1.2.3 | 5m12s", Slice);
    }

    [Theory]
    [InlineData(Ingress)]
    [InlineData(IngressClass)]
    [InlineData(NetworkPolicy)]
    [InlineData(ServiceCidr)]
    [InlineData(IpAddress)]
    [InlineData(Endpoints)]
    [InlineData(Slice)]
    public Task Objects_are_created_read_changed_and_deleted(string text) => Rows.CheckRoundTripAsync(text);
}
