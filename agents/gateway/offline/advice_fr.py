"""What an experienced hand asks first, by kind of requirement, in French.

For each kind: how to go about it, then how to accept it. Each sentence serves once in a file.
"""

# ruff: noqa: E501 - prose reads best unbroken

APPROACHES = {
    "feature": (
        "décrire le parcours complet d’une personne réelle, du premier geste au dernier, avant de choisir l’outil.",
        "montrer une maquette à trois futurs utilisateurs, puis ne développer que ce qu’ils ont compris sans aide.",
        "commencer par le cas le plus fréquent ; noter les exceptions et décider, une par une, si elles valent un développement.",
        "partir de ce que font les équipes aujourd’hui, et dire ce qui disparaît, ce qui reste et ce qui change de mains.",
        "désigner la personne qui tranchera les questions de détail pendant la réalisation.",
        "livrer d’abord une version étroite mais complète, utilisable en vrai par un petit groupe.",
        "écrire ce que voit la personne quand tout va bien, puis ce qu’elle voit quand quelque chose manque.",
        "chercher si un outil déjà en place le fait à moitié, et ce qu’il lui faudrait pour le faire bien.",
        "passer une demi-journée sur le terrain avec ceux qui le feront, et noter ce qui les ralentit.",
        "prévoir le retour en arrière : qui annule, jusqu’à quand, et ce qui en reste.",
        "réduire la saisie au strict nécessaire ; ce que le service sait déjà n’est pas redemandé.",
        "régler d’abord la question des droits : qui peut le faire, qui peut le voir, qui peut le défaire.",
    ),
    "message": (
        "écrire d’abord le texte exact du message, son expéditeur et son heure d’envoi ; la technique vient après.",
        "prévoir ce qui se passe quand le message n’arrive pas : numéro faux, boîte pleine, panne de l’opérateur.",
        "garder trace de chaque envoi, avec son heure et son résultat, pour pouvoir répondre à une réclamation.",
        "proposer un autre canal aux personnes qui n’ont ni adresse électronique ni téléphone portable.",
    ),
    "privacy": (
        "dresser la liste des données recueillies, la raison de chacune, qui la voit et quand elle est effacée.",
        "ne demander que ce qui sert ; une donnée absente n’a pas besoin d’être protégée.",
        "donner à chaque rôle les droits de son métier et pas un de plus, puis les faire relire par le responsable des données.",
        "automatiser l’effacement : ce qui dépend d’une personne qui y pense n’a pas lieu.",
    ),
    "access": (
        "viser les règles d’accessibilité dès la maquette ; les rattraper à la fin coûte plusieurs fois le prix.",
        "faire essayer le service par des personnes concernées, avec leur propre matériel.",
        "écrire les textes en phrases courtes, sans sigle, et les relire à voix haute.",
        "vérifier chaque écran au clavier seul, puis à la taille d’un petit téléphone.",
    ),
    "continuity": (
        "énumérer les pannes plausibles et dire, pour chacune, ce que voit l’utilisateur et qui intervient.",
        "prévoir une façon de travailler sans l’outil pendant une journée, et la répéter une fois avant l’ouverture.",
        "fixer combien de données on accepte de perdre et en combien de temps on repart.",
    ),
    "speed": (
        "estimer le nombre d’utilisateurs à l’heure la plus chargée, puis dimensionner pour le double.",
        "mesurer sur un réseau et un appareil ordinaires, non sur ceux de l’équipe de développement.",
        "afficher à l’utilisateur que sa demande est prise en compte, avant même que le résultat soit prêt.",
    ),
    "exchange": (
        "obtenir un fichier réel, même ancien, avant d’écrire la moindre ligne de l’échange.",
        "convenir par écrit du format, du rythme, et de celui qui corrige quand une ligne est refusée.",
        "essayer la reprise à blanc, compter les écarts, recommencer jusqu’à ce que le compte y soit.",
    ),
    "money": (
        "chiffrer l’achat, l’exploitation et l’arrêt séparément, sur toute la durée du marché.",
        "distinguer ce qui est fixe de ce qui croît avec l’usage, et dire à quel usage le budget ne suffit plus.",
        "faire valider le mode de facturation par le comptable avant la première dépense.",
    ),
    "people": (
        "former chacun sur ses propres dossiers, juste avant l’ouverture, par groupes assez petits pour que tous manipulent.",
        "nommer dans chaque équipe une personne qui saura répondre à ses collègues.",
        "laisser sur chaque poste une fiche d’une page, avec les cinq gestes de tous les jours.",
    ),
    "report": (
        "partir des décisions que le document doit éclairer ; un chiffre que personne n’utilise n’a pas à être produit.",
        "définir chaque indicateur en une phrase : ce que l’on compte, sur quelle période, d’après quelle source.",
        "produire une première fois le document à la main, pour savoir s’il plaît avant de l’automatiser.",
    ),
    "deadline": (
        "remonter le calendrier depuis la date imposée, avec les congés, les validations et une marge dite.",
        "rattacher à chaque étape une décision : continuer, corriger ou renoncer.",
        "annoncer tout de suite ce qui sera retiré si le temps manque.",
    ),
    "deliverable": (
        "faire approuver un sommaire d’une page avant la rédaction.",
        "dire pour chaque document qui le relit, en combien de jours, et ce que vaut le silence.",
        "choisir un format que le destinataire pourra modifier sans le prestataire.",
    ),
}

CHECKS = {
    "feature": (
        "une personne qui n’a pas participé au projet accomplit la tâche sans aide, sous les yeux de l’équipe.",
        "le cas ordinaire et les deux exceptions les plus courantes sont joués de bout en bout.",
        "le responsable du service signe le résultat constaté, et non la description du résultat.",
        "la même opération est refaite un autre jour, par une autre personne, avec le même résultat.",
        "deux semaines d’usage réel passent sans qu’il faille contourner le service.",
        "une erreur commise exprès est signalée clairement et se corrige sans appeler personne.",
        "dix dossiers tirés au sort sont relus ; aucun ne contredit la règle.",
        "un nouvel arrivant y parvient avec la seule aide de ce qui est affiché.",
        "ce qui a été fait se retrouve le lendemain, sans perte, par qui a le droit de le voir.",
        "la personne qui l’a demandé essaie elle-même et dit si c’est bien cela.",
    ),
    "message": (
        "un envoi vers une bonne adresse et un envoi vers une mauvaise laissent chacun la trace attendue.",
        "trois destinataires relisent le message et disent avec leurs mots ce qu’il leur demande.",
    ),
    "privacy": (
        "un compte sans droit tente l’opération et reçoit un refus, consigné.",
        "une donnée arrivée à terme est cherchée partout, sauvegardes comprises, et reste introuvable.",
    ),
    "access": (
        "un audit fait par un tiers ne laisse aucun défaut bloquant.",
        "une personne malvoyante et une personne qui n’utilise pas de souris vont au bout de la démarche.",
    ),
    "continuity": (
        "une coupure provoquée en plein usage ne perd rien de ce qui avait été confirmé à l’écran.",
        "une restauration complète est faite à partir de la dernière sauvegarde, montre en main.",
    ),
    "speed": (
        "la mesure est prise à l’heure de pointe, sur cent opérations, et l’on retient les plus lentes.",
        "un essai de charge, au double de l’affluence prévue, est consigné avec ses courbes.",
    ),
    "exchange": (
        "le nombre de lignes envoyées égale celui des lignes reçues plus celui des lignes refusées, motif à l’appui.",
        "un fichier volontairement abîmé est refusé en entier, avec un message qui dit où est l’erreur.",
    ),
    "money": (
        "le décompte d’un mois réel est rapproché du devis, poste par poste.",
        "deux personnes recalculent séparément le même montant.",
    ),
    "people": (
        "chaque participant réussit seul, une semaine plus tard, les gestes appris.",
        "les appels à l’aide sont comptés pendant le premier mois et leur nombre baisse de semaine en semaine.",
    ),
    "report": (
        "les chiffres d’une période connue sont recalculés à la main et concordent.",
        "le destinataire cite une décision prise grâce au document.",
    ),
    "deadline": (
        "le jour venu, une démonstration remplace le compte rendu.",
        "le retard éventuel est connu au plus tard à l’étape précédente.",
    ),
    "deliverable": (
        "le document est remis, relu et accepté par la personne nommée.",
        "un lecteur étranger au projet y trouve en cinq minutes la réponse à trois questions tirées au sort.",
    ),
}
