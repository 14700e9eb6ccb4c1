"""What text looks like that is written for a model and not for a reader.

Each rule is a family of phrasings with a weight: 1 is enough alone, less needs company near by. A pattern
sees lower-case text with single spaces; `needs` are plain words, one of which must occur before the pattern
is tried at all, which keeps long documents cheap.
"""

import re
from dataclasses import dataclass

SURE = 1.0
LIKELY = 0.6
HINT = 0.4


@dataclass(frozen=True, slots=True)
class Rule:
    """`says` completes the sentence "it ..."."""

    name: str
    says: str
    weight: float
    needs: tuple[str, ...]
    pattern: re.Pattern[str]


def _rule(name: str, says: str, weight: float, needs: str, *phrasings: str) -> Rule:
    return Rule(name, says, weight, tuple(needs.split(" | ")), re.compile("|".join(phrasings)))


_ORDERS = r"(?:instructions?|directions?|directives?|prompts?|commands)"
_RULES = r"(?:guidelines|rules|orders|training|programming|policies)"
_EARLIER = r"(?:previous|prior|above|preceding|earlier|existing|initial|original|former|system|foregoing)"
_DROP = (
    r"(?:ignore|ignoring|disregard|disregarding|forget|forgetting|override|overrule|bypass|discard"
    r"|do not follow|don't follow|stop following)"
)
# A manual that lets its reader skip a part of it.
_SKIP = r"(?! (?:if|when|unless|in (?:section|step|chapter|part)|on page|for (?:this|your|the)\b))"
_REPLY = r"(?:reply|response|answer|output|responses|replies|answers)"
_MODEL = (
    r"(?:chat-?gpt|gpt-?\d|claude|gemini|llama|copilot|language model|ai model|llm|ai assistant|chat ?bot"
    r"|(?:helpful|virtual|digital) assistant)"
)
_SECRET = (
    r"(?:passwords?|passcodes?|credentials?|api[ -]keys?|access tokens?|(?:secret|private) keys?"
    r"|security codes?|passport numbers?|(?:credit card|bank account) numbers?|(?:personal|confidential) data"
    r"|(?:all|every|entire) (?:\w+ ){0,4}(?:e-?mails?|messages?|files?|documents?)"
    r"|contents? of (?:\w+ ){0,5}(?:e-?mails?|files?|inbox|documents?))"
)
_TALK = (
    r"(?:conversation|chat history|chat log|system prompt|user(?:'s)? (?:data|question|query|password"
    r"|details)"
    r"|your (?:context|memory|instructions)|everything you (?:know|have))"
)
_PLACE = r"(?:https?://|www\.|[\w.+-]+@[\w-]+\.\w)"
# What nobody asks a colleague to put into a reply.
_PLANTED = (
    r"(?:false|fabricated|fake|baseless|rumou?rs?|misinformation|statistics?|sentences?|facts?|promot\w+"
    r"|advertis\w*|brands?|discounts?|emojis?|hint\w*|announcement|news|trend\w*|songs?|movies?|celebrit\w+"
    r"|episodes?|novels?|visit|exclusive|release date|https?|www|cliffhanger|spoilers?)"
)
_STRANGE = (
    r"(?:reverse|backwards?|base ?\d\d|emojis?|morse|cipher|rot-?13|leet|pig latin|binary|hexadecimal"
    r"|alphabet|character order|pirate)"
)

RULES: tuple[Rule, ...] = (
    _rule(
        "override",
        "tells a model to drop its instructions",
        SURE,
        "ignor | disregard | forget | overr | bypass | discard | follow | instructions",
        rf"(?<!can )(?<!may )\b{_DROP}\b (?:\S+ ){{0,3}}?{_EARLIER} (?:\w+ )?(?:and \w+ )?{_ORDERS}\b{_SKIP}",
        rf"(?<!can )(?<!may )\b{_DROP}\b (?:\S+ ){{0,3}}?{_ORDERS} (?:(?:that )?(?:you|i|we) (?:were"
        r"|have been|got|had|gave"
        r"|received|have)|(?:given|told) (?:to )?you|before (?:this|now)|so far|from (?:before|above)|above)"
        rf"\b{_SKIP}",
        rf"\b{_DROP}\b (?:everything|anything|all|what(?:ever)?) (?:\w+ ){{0,2}}?(?:you(?:'ve| have| "
        r"were| are)?"
        r" (?:been |already |previously )?(?:told|learned|learnt|taught|instructed)|prior to this)",
        rf"\b{_DROP}\b (?:(?:all|any) )?(?:of )?your (?:\w+ ){{0,2}}(?:{_ORDERS}|{_RULES})\b",
        r"\[\s*ignore (?:all|any|the|previous)\b[^\]]{0,60}\]",
        rf"\b(?:new|updated|real|actual) {_ORDERS} (?:for you|supersede|override)",
        rf"\bi (?:hereby )?(?:override|revoke|cancel) (?:all )?your (?:previous |prior )?(?:{_ORDERS}|rules)",
    ),
    _rule(
        "override_rules",
        "tells a model to drop its rules",
        LIKELY,
        "ignor | disregard | forget | overr | bypass | discard | follow",
        rf"\b{_DROP}\b (?:\S+ ){{0,3}}?{_EARLIER} (?:\w+ )?(?:and \w+ )?(?:{_RULES}|conversation|context)\b",
        rf"\b{_DROP}\b (?:everything|anything|all) (?:of )?(?:the |that )?(?:above|you know)\b",
    ),
    _rule(
        "override_abroad",
        "tells a model to drop its instructions",
        SURE,
        "ignor | vergiss | vergessen | missacht | oubli | olvid | omiso | 忽略 | 无视 | 忘记 | игнор | "
        "negeer | esque"
        " | dimentic | 無視",
        r"\b(?:ignorier\w*|vergiss|vergessen sie|missachte\w*) (?:\w+ ){0,4}(?:anweisung|instruktion)\w*",
        r"\b(?:ignore[zrs]?|oublie[zrs]?) (?:\w+ ){0,4}(?:instructions|consignes|directives)(?: \w+)? "
        r"?(?:précédent|antérieur|ci-dessus|reçu)\w*",
        r"\b(?:ignor[ae]|olvid[ae]|haz caso omiso de|ignorar|esquece|esqueça|dimentica) (?:\w+ ){0,4}"
        r"(?:instrucciones|instruções|istruzioni)\b",
        r"\bnegeer (?:\w+ ){0,4}(?:instructies|opdrachten|aanwijzingen)",
        r"(?:忽略|无视|無視|忘记)[^。\n]{0,12}(?:指令|指示|提示)",
        r"(?:指示|命令)を(?:すべて)?無視",
        r"игнориру\w+ (?:\w+ ){0,4}(?:инструкци|указани)\w*",
    ),
    _rule(
        "template",
        "holds the marks of a chat with a model",
        SURE,
        "<|im_ | <|system | <|user | <|assistant | <|end | [inst] | <<sys>> | <start_of_turn> | <|eot "
        "| <|begin"
        " | <|start",
        r"<\|(?:im_start|im_end|system|user|assistant|endoftext|end_of_text|eot_id|begin_of_text"
        r"|start_header_id)\|>",
        r"\[/?inst\]|<</?sys>>|<start_of_turn>",
    ),
    _rule(
        "loose_template",
        "holds the marks of a chat with a model",
        HINT,
        "### | [system] | </system> | </user | system:",
        r"### ?(?:instructions?|system)(?: prompt| message)?:",
        r"\[system\](?:\(|:| )|</system>|</user(?:_query|_input|_message)?>|[{\[]system:",
    ),
    _rule(
        "hijack",
        "gives a model another role",
        SURE,
        "you are | act as if | pretend | imagine | henceforth | from now on | for the rest of this | "
        "ways | dan mode | jailbreak mode | god mode | unfiltered | uncensored | jailbroken | amoral",
        rf"\byou are (?:now |no longer |going to (?:act|be) |being )(?:\w+ ){{0,6}}?(?:{_MODEL}|ai\b|dan\b"
        r"|jailbroken|a character (?:called|named))",
        r"\byou are (?:about to|going to|now) .{0,60}\b(?:another|different|other|new) (?:kind of "
        r")?(?:ai|model|gpt"
        r"|chat ?bot)\b",
        rf"\b(?:from now on|for the rest of this|henceforth)\b.{{0,80}}\b(?:{_MODEL}|gpt|ai\b|my "
        r"prompts|dan\b)",
        r"\b(?:act|behave|respond|answer) (?:\w+ ){0,2}?(?:as|like) (?:an? )?(?:\w+ ){0,3}?"
        r"(?:unfiltered|uncensored|jailbroken|amoral) ",
        r"\b(?:pretend|act as if|imagine)(?: that)? you (?:are|have|were) (?:\w+ ){0,3}"
        r"(?:no (?:rules|restrictions|limits|filters|guidelines)|unrestricted|not bound)",
        r"\banswer (?:every question|(?:all )?(?:of )?(?:my |your )?(?:questions|prompts)) in (?:two|2) "
        r"(?:\w+ ){0,2}ways\b",
        r"\b(?:dan|jailbreak|god) mode (?:is )?(?:now )?(?:enabled|activated|on\b|unlocked)",
    ),
    _rule(
        "persona",
        "gives a model another role",
        HINT,
        "in the role of | the persona | the role of | replaced | you will role | you will pretend | "
        "you will act | want you to act | character | simulate | developer mode | from now on",
        r"\b(?:in the role of|take on the (?:persona|role) of|assume the (?:persona|role) of|you will "
        r"(?:role-?play|pretend|act)|i want you to act|please simulate an?|replaced by|replaced with) ",
        r"\b(?:a|the) (?:fictional )?character (?:called|named)\b|\bdeveloper mode\b|\bfrom now "
        r"on\b.{0,40}\byou\b",
    ),
    _rule(
        "no_limits",
        "tells a model that it has no limits",
        LIKELY,
        "restrictions | filter | censor | content policy | jailbr | do anything now | ethic | moral | "
        "the rules | any rules | its rules | ai rules",
        r"\b(?:without|no|free of|free from|bypass(?:ing)?|not have any|any) (?:\w+ "
        r"){0,2}?(?:censorship|content policy"
        r"|(?:ethic\w*|moral\w*)(?:,| or| and)? (?:\w+ ){0,3}(?:guidelines|restrictions|constraints"
        r"|rules|implications"
        r"|boundaries|limitations?)|restrictions?,? (?:and|or) (?:filters|limits)|(?:filters|filtering"
        r"|limits),? "
        r"(?:and|or) (?:\w+ )?restrictions)",
        r"\b(?:unfiltered|uncensored|unrestricted|amoral) (?:and \w+ )?(?:\w+ )?(?:ai|chat ?bot|gpt"
        r"|response|responses"
        r"|output|answer|answers|version|model|writer)\b",
        r"\bdo anything now\b|\bjailbr(?:eak|oken)\b.{0,20}\b(?:mode|prompt|prompts|gpt|ai)\b",
        r"\b(?:does not|doesn't|not|never) (?:\w+ )?(?:follow|bound by|obey|abide (?:by|to)) (?:any"
        r"|the|traditional|its) "
        r"(?:\w+ )?(?:rules|ethic\w*|restrictions|ai rules)",
    ),
    _rule(
        "vendor_rules",
        "speaks of the rules a model's maker gave it",
        LIKELY,
        "openai",
        r"\bopenai(?:'s|s)? (?:\w+ )?(?:polic(?:y|ies)|guidelines|restrictions|rules|instructions)",
    ),
    _rule(
        "answers_all",
        "tells a model never to refuse",
        LIKELY,
        "refuse | warning | amoral | unethical | illegal | immoral | unfiltered | uncensored | "
        "inhumane | no matter"
        " | any request",
        r"\b(?:amoral|immoral|unethical|illegal|unfiltered|uncensored|inhumane|dangerous)\b(?:,| or| "
        r"and|/| \w+){1,3} "
        r"?(?:amoral|immoral|unethical|illegal|unfiltered|uncensored|inhumane|dangerous)\b",
        r"\bnever (?:refuses?|say (?:\w+ ){0,3}can(?:'|no)t|apologi[sz]e)\b|\bwithout (?:any "
        r")?(?:warnings?|disclaimers?)\b"
        r"(?: or)?",
        r"\bno matter how (?:\w+[, ]+){0,3}(?:immoral|illegal|unethical|dangerous|wrong|harmful)",
        r"\b(?:answers?|fulfil\w*) (?:literally )?(?:any|every) (?:request|prompt|question asked)",
    ),
    _rule(
        "to_a_model",
        "speaks to a model",
        HINT,
        "gpt | claude | language model | assistant |  ai | chatbot | chat bot | llm",
        r"\b(?:hey|hello|hi|dear|attention|note to|message (?:to|for)|you,|instructions? (?:to|for)) "
        r"(?:the |any |all "
        rf"|an? )?(?:\w+ )?(?:{_MODEL}|ai(?: system| agent| reader|s)?|assistant|llms?)\b",
        rf"\b(?:if|when|as) you are an? (?:\w+ )?(?:{_MODEL}|ai(?: system| agent)?|llm)\b",
        rf"\b(?:you are|you're|as|imagine) an? (?:\w+ ){{0,2}}(?:{_MODEL}|ai)\b",
        r"\b(?:chat-?gpt|gpt-4|claude|language model|llms?|ai assistants?|assistant)(?: \w+)? (?:must"
        r"|should|shall|will) ",
        r"\ban? (?:\w+ )?ai (?:named|called|that|who|with)\b|\bchatgpt\b.{0,80}\b(?:answer|respond|act"
        r"|prompts?|reply)\b",
        rf"\b(?:the|any) (?:{_MODEL}|ai) (?:reading|processing|summari[sz]ing|that reads)\b",
    ),
    _rule(
        "to_a_reading_model",
        "speaks to a model that reads it",
        SURE,
        " ai | assistant | language model | llm | gpt",
        r"\b(?:attention|note (?:to|for)|message (?:to|for)|instructions? (?:to|for)|important:?) "
        r"(?:the |any |all )?"
        rf"(?:{_MODEL}|ai (?:systems?|agents?|readers?|models?|assistants?)|llms?|language models?)\b",
        rf"\b(?:if|when|as) you are an? (?:\w+ )?(?:{_MODEL}|ai(?: system| agent)?"
        rf"|llm)\b.{{0,60}}\b(?:reading|processing"
        r"|summari[sz]ing|you must|please|instead|then)\b",
        rf"\b(?:any|the|all) (?:{_MODEL}s?|ai|llms?) (?:reading|processing|summari[sz]ing|that reads?"
        r"|who reads?) ",
        r"\bthis is an important message from .{0,40}\bto you, ai\b",
    ),
    _rule(
        "reveal",
        "asks for a model's instructions",
        SURE,
        "prompt | instructions",
        r"\b(?:reveal|show|print|output|repeat|display|tell|give|share|leak|dump|expose|see|provide"
        r"|log|return|quote"
        r"|disclose)\b(?: \w+){0,4}? (?:the |your |its )?(?:full |entire |exact |hidden |complete )?"
        r"(?:system|initial|hidden|developer|secret) ?prompt\b",
        r"\b(?:reveal|repeat|display|leak|dump|recite|quote|output|disclose|show me|tell me|print)\b "
        r"(?:all )?(?:of )?your "
        r"(?:full |exact |initial |system |hidden |secret |original )*(?:prompt|instructions)\b",
        r"\b(?:repeat|output|print|recite) (?:all )?(?:the |of the )?(?:text|words|instructions"
        r"|content|everything) "
        r"(?:above in|you were given|given in)",
        r"\bsystem_?prompt\b\s*[)\]}]",
    ),
    _rule(
        "give_away",
        "asks a model to send away what it knows",
        SURE,
        "send | mail | forward | post | upload | transmit | exfiltrate | ![",
        rf"\b(?:send|e-?mail|forward|post|upload|transmit|exfiltrate)\b(?: \S+){{0,6}}? "
        rf"{_TALK}\b[^.\n]{{0,120}}? ?"
        rf"(?:to|at|via|into)\b[^.\n]{{0,60}}?{_PLACE}",
        r"!\[[^\]]{0,80}\]\(https?://[^)\s]{0,200}[?&=][^)\s]{0,40}(?:\{|<|\[|%7b|secret|data"
        r"|conversation|prompt|answer)",
    ),
    _rule(
        "send_secrets",
        "asks to send secrets away",
        LIKELY,
        "send | mail | forward | post | upload | transmit",
        r"(?<!never )(?<!not )(?<!n't )\b(?:send|e-?mail|forward|post|upload|transmit)\b(?: "
        rf"\S+){{0,6}}? {_SECRET}\b"
        rf"[^.\n]{{0,120}}? ?(?:to|at|via|into)\b[^.\n]{{0,60}}?{_PLACE}",
    ),
    _rule(
        "effect",
        "gives an assistant an order to act",
        LIKELY,
        "transfer | transaction | money | the recipient | the iban | the account | tool | plugin",
        r"\b(?:transfer|send) (?:\S+ ){0,6}?(?:money|\$ ?[\d,.]+|€ ?[\d,.]+|funds"
        r"|transaction)\b.{0,60}\b(?:to|account) "
        r"[a-z]{2}\d{10,}",
        r"\b(?:modify|change|set|update) the (?:recipient|iban|account) of .{0,60}\b[a-z]{2}\d{10,}",
        r"\b(?:call|invoke|use) the (?:\w+ )?(?:tool|plugin)\b.{0,40}\b(?:with|to|and)\b",
    ),
    _rule(
        "secretly",
        "tells an assistant to hide what it does",
        LIKELY,
        "without | the user | the human | person asking | then delete",
        r"\bwithout (?:asking|telling|informing|notifying|alerting) (?:me|the user)",
        r"\b(?:do not|don't|never) (?:tell|inform|mention (?:this|it|these|that)(?: \w+){0,2} to"
        r"|reveal (?:this|it) to|alert"
        r"|notify) the (?:user|human|person asking)",
        r"\bthen delete (?:the |this |that )?(?:sent )?(?:e-?mail|message)s?\b",
    ),
    _rule(
        "first_do_this",
        "asks a model to do something else first",
        LIKELY,
        "before | instead of | rather than",
        r"\bbefore (?:you (?:can |will )?(?:solve|answer|respond)|answering"
        r"|responding)\b[^.\n]{0,20}\b(?:task|user|prompt"
        r"|request|query|question)\b[^.\n]{0,80}\b(?:following|first|send|visit|call|open|delete)\b",
        r"\b(?:instead of|rather than) (?:answering|summari[sz]ing|responding"
        r"|translating)\b[^.\n]{0,60}\b(?:user|question"
        r"|task|request|reply|output|say)\b",
    ),
    _rule(
        "script",
        "says what to tell somebody who asks",
        HINT,
        "the user | a user | users | user asks",
        r"\b(?:when|if|whenever) (?:the |a |any )?users? (?:asks?|queries|requests?|prefix\w*)\b",
        r"\b(?:answer|respond to|reply to|ignore|help) the user(?:'s)?\b",
    ),
    _rule(
        "shape_the_reply",
        "tells a model how to change its answer",
        SURE,
        "your repl | your respon | your answ | your outp | your final | your next | your mess | your "
        "text | your words",
        r"\b(?:modify|augment|enhance|enrich|alter|manipulate|embellish|rewrite|render|encode|encrypt"
        r"|obfuscate|scramble"
        rf"|translate|reverse|infuse|adapt|spice up)\b your (?:\w+ )?{_REPLY}(?:'s)?\b",
        r"\b(?:integrate|incorporate|weave|inject|embed|sprinkle|slip|substitute|replace|swap"
        rf"|shift)\b(?: \S+){{0,12}}? "
        rf"(?:in|into|to|within|of|with|throughout) your {_REPLY}\b",
        rf"\b(?:add|include|mention|insert|reference|work|use|give|provide)\b(?: \S+){{0,10}}? (?:in"
        r"|into|to|within) your "
        rf"{_REPLY}\b(?=.{{0,100}}\b{_PLANTED}\b)",
        rf"\b(?:add|include|mention|insert|reference|work)\b.{{0,100}}?\b{_PLANTED}\b.{{0,100}}? (?:in"
        r"|into|to"
        rf"|within) your {_REPLY}\b",
        rf"\b(?:in|at the (?:end|start|beginning) of|throughout) your (?:\w+ )?{_REPLY}, (?:always "
        r"|also |subtly |please )?"
        rf"(?:add|include|mention|insert|refer|say|state|recommend|write|promote)\b.{{0,100}}\b{_PLANTED}\b",
        rf"\b(?:apply|use) (?:an? )?(?:\w+ ){{0,2}}(?:cipher|encoding|encryption)\b.{{0,30}}\byour {_REPLY}",
        r"\b(?:encode|encrypt|reverse|scramble) your (?:\w+ )?(?:message|text|words)\b",
    ),
    _rule(
        "shape_the_reply",
        "tells a model how to change its answer",
        SURE,
        "emoji | base64 | base32 | base58 | base 64 | reverse | backward | morse | cipher | rot13 | "
        "rot-13 | leet"
        " | pig latin | binary | hexadecimal | pirate | alphabet | character order",
        r"\b(?:express|provide|give|deliver|write|present|format|convert|spell|compose|return"
        rf"|make)\b your {_REPLY} "
        rf"(?:\w+ ){{0,3}}?{_STRANGE}\b",
        rf"\b(?:reply|respond|answer) (?:only )?(?:in|using|with|by) (?:\w+ )?{_STRANGE}\b",
    ),
    _rule(
        "reply_here",
        "asks for something in a reply",
        HINT,
        "your repl | your respon | your answ | your outp | such outp | every answ | every respon | each answ"
        " | each respon | every repl",
        rf"\b(?:in|into|to|with|of|for) your {_REPLY}\b",
        r"\b(?:begin|start|end|prefix|finish|preface) (?:all (?:of )?)?(?:your|such|every"
        rf"|each) {_REPLY} (?:with|by)\b",
    ),
    _rule(
        "claimed_authority",
        "claims authority over a model",
        HINT,
        "system | administrator | admin | openai",
        r"\b(?:system (?:override|instruction|announcement)|admin(?:istrator)? override|message from "
        r"(?:openai|anthropic"
        r"|the (?:system|developer)))\b\s*:?",
    ),
)
