using System.Text.Json;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Json;
using Holdfast.Agents.Tools;
using Xunit;

namespace Holdfast.Agents.Tests.Definitions;

public sealed class AgentVersionTests
{
    private static readonly AgentDefinition Agent = AgentFiles.Load(AgentFiles.Yaml);

    [Fact]
    public void ADefinitionRebuiltFromItsJsonIsTheSame()
    {
        var rebuilt = AgentDefinition.FromJson(Agent.ToJson());
        Assert.Equal(Agent.ToJson(), rebuilt.ToJson());
        Assert.Equal(AgentVersion.Of(Agent, AgentFiles.Tools), AgentVersion.Of(rebuilt, AgentFiles.Tools));
        Assert.Equal(Truth.Met, rebuilt.Approvals[0].When[0].Evaluate(CanonicalJson.Parse("""{"amount":101}""")));
        Assert.Null(rebuilt.Approvals[1].Ask);
    }

    [Fact]
    public void TheStoredJsonHoldsNoPathAndNoLine()
    {
        Assert.DoesNotContain("agent.yaml", Agent.ToJson(), StringComparison.Ordinal);
        Assert.DoesNotContain("source", Agent.ToJson(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("{\"name\":\"a\",\"model\":\"m\",\"instructions\":\"i\",\"tools\":[],\"limits\":null,\"approvals\":[]}")]
    public void JsonThatIsNoDefinitionIsRefused(string json) => Assert.Throws<JsonException>(() => AgentDefinition.FromJson(json));

    [Fact]
    public void JsonWithAMemberThatIsNotKnownIsRefused() =>
        Assert.Throws<JsonException>(() => AgentDefinition.FromJson(Agent.ToJson().Replace("\"model\"", "\"more\":1,\"model\"", StringComparison.Ordinal)));

    [Fact]
    public void TheVersionDoesNotDependOnWhereTheFileLies() =>
        Assert.Equal(Version(AgentFiles.Load(AgentFiles.Yaml)), Version(AgentFiles.Load("# moved\n" + AgentFiles.Yaml)));

    [Fact]
    public void WhatTheModelSeesChangesTheVersion()
    {
        var versions = new[]
        {
            Version(Agent),
            Version(Agent with { Instructions = "Be strict." }),
            Version(Agent with { Model = "other" }),
            Version(Agent with { Tools = ["issue_refund", "lookup_order", "send_reply"] }),
            Version(Agent with { Limits = Agent.Limits with { Turns = 6 } }),
            Version(Agent with { Approvals = [] }),
        };
        Assert.Equal(versions.Length, versions.Distinct().Count());
    }

    [Fact]
    public void WhatPoliciesKnowOfAToolChangesTheVersionAndItsTimeoutDoesNot()
    {
        var agent = Agent with { Tools = ["a"], Approvals = [] };
        string Of(string description = "d", string schema = """{"type":"object"}""", Effect effect = Effect.None, Reads reads = Reads.Nothing, bool idempotent = false, int seconds = 30) =>
            AgentVersion.Of(agent, new Toolbox([new Tool("a", description, CanonicalJson.Parse(schema), (arguments, _, _) => Task.FromResult(arguments))
            {
                Effect = effect,
                Reads = reads,
                Idempotent = idempotent,
                Timeout = TimeSpan.FromSeconds(seconds),
            }]));

        string[] versions = [Of(), Of("e"), Of(schema: """{"type":"object","properties":{}}"""), Of(effect: Effect.Write), Of(reads: Reads.Private), Of(idempotent: true)];
        Assert.Equal(versions.Length, versions.Distinct().Count());
        Assert.Equal(versions[0], Of(seconds: 31));
    }

    [Fact]
    public void AToolThatIsNotRegisteredHasNoVersion() => Assert.Throws<ArgumentException>(() => Version(Agent with { Tools = ["other"] }));

    private static string Version(AgentDefinition agent) => AgentVersion.Of(agent, AgentFiles.Tools);
}
