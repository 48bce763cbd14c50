using Petrel.ApiServer.Composition;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Kinds.Rows;

/// <summary>v1 Service: ports, addresses, types and what an update may change.</summary>
public sealed class ServiceRows
{
    private const string Service = Samples.Service;

    private const string Balancer =
        """{'apiVersion':'v1','kind':'Service','metadata':{'name':'lb','namespace':'default'},'spec':{'type':'LoadBalancer',"""
        + """'clusterIP':'10.96.0.7','selector':{'app':'x'},'ports':[{'name':'a','port':80,'nodePort':30080}]}}""";

    [Fact]
    public void What_is_not_said_is_filled_in()
    {
        Rows.CheckDefaults(
            """
            {'spec':{'type':'ClusterIP','sessionAffinity':'None','internalTrafficPolicy':'Cluster','ipFamilyPolicy':'SingleStack',
            'ipFamilies':['IPv4'],
            'ports':[{'port':80,'protocol':'TCP','targetPort':80}]},'status':{'loadBalancer':{}}}
            """,
            Service
        );
        Rows.CheckDefaults(
            """
            {'spec':{'sessionAffinity':'None','internalTrafficPolicy':'Cluster','externalTrafficPolicy':'Cluster',
            'allocateLoadBalancerNodePorts':true,'clusterIPs':['10.96.0.7'],
            'ipFamilyPolicy':'SingleStack','ipFamilies':['IPv4'],'ports':[{'name':'a','port':80,'nodePort':30080,'protocol':'TCP',
            'targetPort':80}]},'status':{'loadBalancer':{}}}
            """,
            Balancer
        );
        Rows.CheckDefaults(
            "{'spec':{'sessionAffinity':'None'},'status':{'loadBalancer':{}}}",
            "{'apiVersion':'v1','kind':'Service','metadata':{'name':'s','namespace':'default'},'spec':{'type':'ExternalName',"
                + "'externalName':'example.com'}}"
        );
    }

    [Theory]
    [InlineData("{'externalIPs':['1.2.3.4']}", "externalTrafficPolicy", "Cluster")]
    [InlineData("{'sessionAffinity':'ClientIP'}", "sessionAffinityConfig", """{"clientIP":{"timeoutSeconds":10800}}""")]
    [InlineData("{'sessionAffinityConfig':{'clientIP':{'timeoutSeconds':5}}}", "sessionAffinityConfig", null)]
    [InlineData("{'clusterIP':'None'}", "ipFamilies", """["IPv4"]""")]
    [InlineData("{'clusterIP':'None','selector':null}", "ipFamilies", """["IPv4","IPv6"]""")]
    [InlineData("{'clusterIP':'None','selector':null}", "ipFamilyPolicy", "RequireDualStack")]
    [InlineData("{'clusterIP':'None','selector':null,'ipFamilyPolicy':'SingleStack'}", "ipFamilies", """["IPv4"]""")]
    [InlineData("{'clusterIP':'fd00::1'}", "ipFamilies", """["IPv6"]""")]
    [InlineData("{'ports':[{'port':80,'targetPort':'web'}]}", "ports", """[{"port":80,"targetPort":"web","protocol":"TCP"}]""")]
    public void Other_fields_follow_from_what_is_said(string change, string field, string? expected) =>
        Assert.Equal(
            expected,
            Samples.Created(Samples.With(Service, $"{{'spec':{change}}}"))["spec"]![field] is { } value
                ? value.GetValueKind() == System.Text.Json.JsonValueKind.String
                    ? (string?)value
                    : value.ToJsonString()
                : null
        );

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'ports':null}", "spec.ports: Required value")]
    [InlineData(
        "{'ports':[{'port':80,'name':'a'},{'port':80,'name':'b'}]}",
        "spec.ports[1]: Duplicate value: {\"Name\":\"\",\"Protocol\":\"TCP\",\"AppProtocol\":null,\"Port\":80,\"TargetPort\":0,"
            + "\"NodePort\":0}"
    )]
    [InlineData("{'ports':[{'port':80,'name':'a'},{'port':81,'name':'a'}]}", "spec.ports[1].name: Duplicate value: \"a\"")]
    [InlineData("{'ports':[{'port':80,'appProtocol':'k8s.io/h2c'}]}", "")]
    [InlineData(
        "{'ports':[{'port':80,'appProtocol':'a b'}]}",
        "spec.ports[0].appProtocol: Invalid value: \"a b\": name part must consist of ..."
    )]
    [InlineData(
        "{'ports':[{'port':65536}]}",
        "spec.ports[0].port: Invalid value: 65536: must be between 1 and 65535, inclusive ; spec.ports[0].targetPort: Invalid "
            + "value: 65536: must be between 1 and 65535, inclusive"
    )]
    [InlineData(
        "{'ports':[{'port':80,'protocol':'udp'}]}",
        "spec.ports[0].protocol: Unsupported value: \"udp\": supported values: \"SCTP\", \"TCP\", \"UDP\""
    )]
    [InlineData(
        "{'ports':[{'port':80,'nodePort':30000}]}",
        "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"
    )]
    [InlineData(
        "{'type':'NodePort','ports':[{'port':80,'name':'a','nodePort':30000},{'port':81,'name':'b','nodePort':30000}]}",
        "spec.ports[1].nodePort: Duplicate value: 30000"
    )]
    [InlineData(
        "{'type':'NodePort','ports':[{'port':80,'name':'a','nodePort':30000},{'port':80,'protocol':'UDP','name':'b','nodePort':30000}]}",
        ""
    )]
    public void Ports_are_held_to_upstreams_rules(string change, string expected) => Rows.Check(expected, Service, $"{{'spec':{change}}}");

    [Theory]
    [InlineData(
        "{'clusterIP':'one'}",
        "spec.clusterIPs[0]: Invalid value: \"one\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
    )]
    [InlineData(
        "{'clusterIPs':['10.96.0.1']}",
        "spec.clusterIPs: Invalid value: [\"10.96.0.1\"]: must be empty when `clusterIP` is not specified"
    )]
    [InlineData(
        "{'clusterIP':'10.96.0.1','clusterIPs':['10.96.0.2']}",
        "spec.clusterIPs: Invalid value: [\"10.96.0.2\"]: first value must match `clusterIP`"
    )]
    [InlineData(
        "{'clusterIP':'None','clusterIPs':['None','10.96.0.2']}",
        "spec.clusterIPs: Invalid value: [\"None\",\"10.96.0.2\"]: 'None' must be the first and only value"
    )]
    [InlineData(
        "{'clusterIP':'10.96.0.1','clusterIPs':['10.96.0.1','10.96.0.2']}",
        "spec.clusterIPs: Invalid value: [\"10.96.0.1\",\"10.96.0.2\"]: may specify no more than one IP for each IP family"
    )]
    [InlineData(
        "{'clusterIP':'10.96.0.1','clusterIPs':['10.96.0.1','fd00::1'],'ipFamilies':['IPv4','IPv6'],'ipFamilyPolicy':'RequireDualStack'}",
        ""
    )]
    [InlineData(
        "{'clusterIP':'10.96.0.1','ipFamilies':['IPv6']}",
        "spec.clusterIPs[0]: Invalid value: \"10.96.0.1\": expected an IPv6 value as indicated by `ipFamilies[0]`"
    )]
    [InlineData(
        "{'clusterIP':'10.96.0.1','clusterIPs':['10.96.0.1','fd00::1','fd00::2']}",
        "spec.clusterIPs: Invalid value: [\"10.96.0.1\",\"fd00::1\",\"fd00::2\"]: may only hold up to 2 values ; "
            + "spec.clusterIPs: Invalid value: [\"10.96.0.1\",\"fd00::1\",\"fd00::2\"]: may specify no more than one IP for each IP family"
    )]
    [InlineData("{'ipFamilies':['IPv4','IPv4']}", "spec.ipFamilies[1]: Duplicate value: \"IPv4\"")]
    [InlineData("{'ipFamilies':['IPv5']}", "spec.ipFamilies[0]: Unsupported value: \"IPv5\": supported values: \"IPv4\", \"IPv6\"")]
    [InlineData(
        "{'ipFamilyPolicy':'Any'}",
        "spec.ipFamilyPolicy: Unsupported value: \"Any\": supported values: \"PreferDualStack\", \"RequireDualStack\", \"SingleStack\""
    )]
    [InlineData(
        "{'type':'NodePort','clusterIP':'None'}",
        "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"
    )]
    [InlineData(
        "{'externalIPs':['127.0.0.1']}",
        "spec.externalIPs[0]: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)"
    )]
    [InlineData(
        "{'externalIPs':['here']}",
        "spec.externalIPs[0]: Invalid value: \"here\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
    )]
    public void Addresses_are_held_to_upstreams_rules(string change, string expected) =>
        Rows.Check(expected, Service, $"{{'spec':{change}}}");

    [Theory]
    [InlineData(
        "{'type':'Magic'}",
        "spec.type: Unsupported value: \"Magic\": supported values: \"ClusterIP\", \"ExternalName\", \"LoadBalancer\", \"NodePort\""
    )]
    [InlineData("{'type':'ExternalName'}", "spec.externalName: Required value")]
    [InlineData("{'type':'ExternalName','externalName':'example.com.'}", "")]
    [InlineData(
        "{'type':'ExternalName','externalName':'a_b'}",
        "spec.externalName: Invalid value: \"a_b\": a lowercase RFC 1123 subdomain must consist of ..."
    )]
    [InlineData(
        "{'type':'ExternalName','externalName':'a','clusterIPs':['10.96.0.1'],'ipFamilies':['IPv4'],'ipFamilyPolicy':'SingleStack'}",
        "spec.clusterIPs: Forbidden: may not be set for ExternalName services ; spec.ipFamilies: Forbidden: may not be set for "
            + "ExternalName services ; spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services"
    )]
    [InlineData(
        "{'sessionAffinity':'Cookie'}",
        "spec.sessionAffinity: Unsupported value: \"Cookie\": supported values: \"ClientIP\", \"None\""
    )]
    [InlineData(
        "{'sessionAffinity':'ClientIP','sessionAffinityConfig':{'clientIP':{'timeoutSeconds':0}}}",
        "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 0: must be greater than 0 and less than 86400"
    )]
    [InlineData(
        "{'externalTrafficPolicy':'Local'}",
        "spec.externalTrafficPolicy: Invalid value: \"Local\": may only be set for externally-accessible services"
    )]
    [InlineData(
        "{'type':'NodePort','externalTrafficPolicy':'Far'}",
        "spec.externalTrafficPolicy: Unsupported value: \"Far\": supported values: \"Cluster\", \"Local\""
    )]
    [InlineData(
        "{'internalTrafficPolicy':'Far'}",
        "spec.internalTrafficPolicy: Unsupported value: \"Far\": supported values: \"Cluster\", \"Local\""
    )]
    [InlineData("{'trafficDistribution':'PreferSameZone'}", "")]
    [InlineData("{'trafficDistribution':'PreferFar'}", "spec.trafficDistribution: Unsupported value: \"PreferFar\": ...")]
    [InlineData(
        "{'type':'NodePort','healthCheckNodePort':30001}",
        "spec.healthCheckNodePort: Invalid value: 30001: may only be set when `type` is 'LoadBalancer' and "
            + "`externalTrafficPolicy` is 'Local'"
    )]
    [InlineData(
        "{'loadBalancerSourceRanges':['10.0.0.0/8']}",
        "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'"
    )]
    [InlineData(
        "{'type':'LoadBalancer','loadBalancerSourceRanges':[' 10.0.0.0/8 ','x']}",
        "spec.LoadBalancerSourceRanges[1]: Invalid value: \"x\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
    )]
    [InlineData(
        "{'allocateLoadBalancerNodePorts':false}",
        "spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'"
    )]
    [InlineData(
        "{'loadBalancerClass':'example.com/lb'}",
        "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'"
    )]
    [InlineData(
        "{'type':'LoadBalancer','loadBalancerClass':'a b'}",
        "spec.loadBalancerClass: Invalid value: \"a b\": name part must consist of ..."
    )]
    [InlineData("{'selector':{'a b':'c'}}", "spec.selector: Invalid value: \"a b\": name part must consist of ...")]
    public void Types_and_policies_are_held_to_upstreams_rules(string change, string expected) =>
        Rows.Check(expected, Service, $"{{'spec':{change}}}");

    [Fact]
    public void Annotations_that_were_fields_before_are_checked_too()
    {
        Rows.Check(
            "metadata.annotations[service.kubernetes.io/topology-mode]: Invalid value: \"auto\": must match "
                + "annotations[service.kubernetes.io/topology-aware-hints] when both are specified",
            Service,
            "{'metadata':{'annotations':{'service.kubernetes.io/topology-mode':'auto',"
                + "'service.kubernetes.io/topology-aware-hints':'disabled'}}}"
        );
        Rows.Check(
            "metadata.annotations[service.beta.kubernetes.io/load-balancer-source-ranges]: Forbidden: may only be used when "
                + "`type` is 'LoadBalancer'",
            Service,
            "{'metadata':{'annotations':{'service.beta.kubernetes.io/load-balancer-source-ranges':'10.0.0.0/8'}}}"
        );
    }

    [Theory]
    [InlineData("{'spec':{'clusterIP':'10.96.0.8'}}", "spec.clusterIPs[0]: Invalid value: [\"10.96.0.8\"]: may not change once set")]
    [InlineData(
        "{'spec':{'clusterIP':'10.96.0.8','clusterIPs':['10.96.0.8']}}",
        "spec.clusterIPs[0]: Invalid value: [\"10.96.0.8\"]: may not change once set"
    )]
    [InlineData(
        "{'spec':{'clusterIP':'None','clusterIPs':['None'],'type':'ClusterIP'}}",
        "spec.clusterIPs[0]: Invalid value: [\"None\"]: may not change once set"
    )]
    [InlineData("{'spec':{'clusterIP':null,'clusterIPs':null}}", "")]
    [InlineData(
        "{'spec':{'ipFamilies':['IPv6']}}",
        "spec.ipFamilies[0]: Invalid value: [\"IPv6\"]: may not change once set ; spec.clusterIPs[0]: Invalid value: "
            + "\"10.96.0.7\": expected an IPv6 value as indicated by `ipFamilies[0]`"
    )]
    [InlineData(
        "{'spec':{'loadBalancerClass':'example.com/lb'}}",
        "spec.loadBalancerClass: Invalid value: \"example.com/lb\": may not change once set"
    )]
    [InlineData("{'spec':{'type':'ExternalName','externalName':'a','ports':null}}", "")]
    [InlineData("{'spec':{'selector':{'app':'y'},'ports':[{'name':'a','port':8080,'targetPort':'web'}],'sessionAffinity':'ClientIP'}}", "")]
    public void Of_services_some_fields_may_not_change(string change, string expected) => Rows.CheckUpdate(expected, Balancer, change);

    [Fact]
    public void A_service_gives_back_what_its_new_type_has_not()
    {
        var old = Samples.Created(
            Samples.With(
                Balancer,
                "{'spec':{'loadBalancerClass':'example.com/lb','externalTrafficPolicy':'Local','healthCheckNodePort':30099}}"
            )
        );
        var changed = Samples.With(
            old.ToJsonString(),
            "{'spec':{'type':'ClusterIP'},'status':{'loadBalancer':{'ingress':[{'ip':'1.2.3.4'}]}}}"
        );

        Assert.Empty(Samples.Problems(changed, old));

        Assert.Equal(
            """{"type":"ClusterIP","clusterIP":"10.96.0.7","selector":{"app":"x"},"ports":[{"name":"a","port":"""
                + """80,"protocol":"TCP","targetPort":"""
                + """80}],"sessionAffinity":"None","internalTrafficPolicy":"Cluster","clusterIPs":"""
                + """["10.96.0.7"],"ipFamilyPolicy":"SingleStack","ipFamilies":["IPv4"]}""",
            changed["spec"]!.ToJsonString()
        );
        Assert.Equal("{}", changed["status"]!["loadBalancer"]!.ToJsonString());
    }

    [Fact]
    public void Tables_show_what_kubectl_shows()
    {
        Rows.CheckRow(
            "s | ClusterIP | 10.96.0.7 | <none> | 80/TCP | 5m12s [app=x]",
            Service,
            "{'spec':{'type':'ClusterIP','clusterIP':'10.96.0.7','ports':[{'port':80,'protocol':'TCP'}]}}"
        );
        Rows.CheckRow(
            "s | ClusterIP | None | 1.2.3.4,5.6.7.8 | <none> | 5m12s [<none>]",
            Service,
            "{'spec':{'type':'ClusterIP','clusterIP':'None','externalIPs':['1.2.3.4','5.6.7.8'],'ports':null,'selector':null}}"
        );
        Rows.CheckRow(
            "s | NodePort | 10.96.0.7 | <none> | 80:30080/TCP,53:30053/UDP | 5m12s [app=x]",
            Service,
            "{'spec':{'type':'NodePort','clusterIP':'10.96.0.7','ports':[{'port':80,'nodePort':30080,'protocol':'TCP'},"
                + "{'port':53,'nodePort':30053,'protocol':'UDP'}]}}"
        );
        Rows.CheckRow(
            "lb | LoadBalancer | 10.96.0.7 | <pending> | 80:30080/TCP | 5m12s [app=x]",
            Balancer,
            "{'spec':{'ports':[{'port':80,'nodePort':30080,'protocol':'TCP'}]}}"
        );
        Rows.CheckRow(
            "lb | LoadBalancer | 10.96.0.7 | 1.2.3.4,a.example.com,9.9.9.9 | 80/TCP | 5m12s [app=x]",
            Balancer,
            "{'spec':{'externalIPs':['9.9.9.9'],'ports':[{'port':80,'protocol':'TCP'}]},"
                + "'status':{'loadBalancer':{'ingress':[{'hostname':'a.example.com'},{'ip':'1.2.3.4'}]}}}"
        );
        Rows.CheckRow(
            "s | ExternalName | <none> | example.com | <none> | 5m12s [<none>]",
            Service,
            "{'spec':{'type':'ExternalName','externalName':'example.com','ports':null,'selector':null}}"
        );
    }

    [Fact]
    public async Task A_service_is_created_read_changed_and_deleted()
    {
        var created = await Rows.CheckRoundTripAsync(Service);
        Assert.Equal((string?)created["spec"]!["clusterIP"], (string?)created["spec"]!["clusterIPs"]![0]);
    }
}
